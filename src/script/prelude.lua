-- What a script finds in place of functions whose work grows with what they are given, but which run without a step:
-- here they pay for it, charge(n) takes n steps. And texts of objects would hold addresses, which differ between runs.
local charge, exhausted = ...
local pcall0, xpcall0, resume0 = pcall, xpcall, coroutine.resume
local find, split, sort, concat = string.find, string.split, table.sort, table.concat
local move, insert, remove, search = table.move, table.insert, table.remove, table.find
local match, gmatch, gsub, rep = string.match, string.gmatch, string.gsub, string.rep
local byte, char, pack, packsize, unpack0 = string.byte, string.char, string.pack, string.packsize, string.unpack
local clone, clear, gather, spread = table.clone, table.clear, table.pack, table.unpack
local thread, wrap = coroutine.create, coroutine.wrap
local tostring0, format0, number, type, select, error = tostring, string.format, tonumber, type, select, error

local function size(x)
    local kind = type(x)
    return if kind == "string" or kind == "table" then rawlen(x) else 0
end

-- The matcher takes steps, but of a length: that of a set of characters, and for a pair such as %b() that of the text.
local function charge_search(s, pattern)
    local length = size(s)
    charge(length * (1 + size(pattern)) / 64)
    if length > 1000 and type(pattern) == "string" and find(pattern, "%b", 1, true) then charge(length * length / 64) end
end
function string.find(s, pattern, ...)
    charge_search(s, pattern)
    return find(s, pattern, ...)
end
function string.match(s, pattern, ...)
    charge_search(s, pattern)
    return match(s, pattern, ...)
end
function string.gmatch(s, pattern)
    charge_search(s, pattern)
    return gmatch(s, pattern)
end
function string.gsub(s, pattern, ...)
    charge_search(s, pattern)
    return gsub(s, pattern, ...)
end
function string.byte(s, from, to)
    if to ~= nil then charge(size(s) / 16) end
    return byte(s, from, to)
end
function string.char(...)
    charge(select("#", ...) / 8)
    return char(...)
end
function string.pack(form, ...)
    charge(size(form))
    return pack(form, ...)
end
function string.packsize(form)
    charge(size(form))
    return packsize(form)
end
function string.unpack(form, ...)
    charge(size(form))
    return unpack0(form, ...)
end
function string.split(s, separator)
    charge(size(s) * (1 + size(separator)) / 16)
    return split(s, separator)
end
function string.rep(s, n)
    -- An empty text may be repeated as often as one likes.
    return if s == "" then "" else rep(s, n)
end
function table.sort(t, before)
    charge(size(t) * 4)
    sort(t, before)
end
function table.concat(t, ...)
    charge(size(t))
    return concat(t, ...)
end
function table.move(a, from, to, at, into)
    if type(from) == "number" and type(to) == "number" then charge(to - from) end
    if into == nil then return move(a, from, to, at) end
    return move(a, from, to, at, into)
end
function table.insert(t, ...)
    if select("#", ...) > 1 then charge(size(t) / 8) end
    insert(t, ...)
end
function table.remove(t, at)
    if at == nil then return remove(t) end
    charge(size(t) / 8)
    return remove(t, at)
end
function table.find(t, ...)
    charge(size(t) / 8)
    return search(t, ...)
end
function table.pack(...)
    charge(select("#", ...) / 8)
    return gather(...)
end
function table.unpack(t, from, to)
    charge(if type(from) == "number" and type(to) == "number" then to - from else size(t))
    return spread(t, from or 1, if to == nil then size(t) else to)
end
unpack = table.unpack
function table.clone(t)
    charge(size(t) / 8)
    return clone(t)
end
function table.clear(t)
    charge(size(t) / 8)
    clear(t)
end
function tonumber(x, ...)
    charge(size(x) / 16)
    return number(x, ...)
end

local plain = { ["nil"] = true, boolean = true, number = true, string = true }
function tostring(x)
    local kind = type(x)
    return if plain[kind] then tostring0(x) else kind
end
function string.format(text, ...)
    for i = 1, select("#", ...) do
        local kind = type((select(i, ...)))
        if not plain[kind] then error("string.format: cannot show a " .. kind, 2) end
    end
    return format0(text, ...)
end

-- Not there as in other programs, and says why.
function math.randomseed()
    error("math.randomseed is not to be had: the scene has the seed", 2)
end

-- An error that memory has run out may be caught, but it ends the script all the same.
local function checked(ok, problem, ...)
    if not ok then
        charge(200)
        if problem == "not enough memory" then exhausted() end
    end
    return ok, problem, ...
end
function pcall(f, ...)
    return checked(pcall0(f, ...))
end
function xpcall(f, handler, ...)
    return checked(xpcall0(f, handler, ...))
end
function coroutine.resume(co, ...)
    return checked(resume0(co, ...))
end
function coroutine.create(f)
    charge(50)
    return thread(f)
end
function coroutine.wrap(f)
    charge(50)
    return wrap(f)
end
