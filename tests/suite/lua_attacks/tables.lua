--- generate: concat of very many => 1: took more than|more memory
table.concat(table.create(1e6, ("x"):rep(100)))
--- generate: concat with huge limits => 0|1|2: 
table.concat({}, "", 1, 2 ^ 53)
--- generate: concat of nothing with a huge range, caught => 1|2|0: 
pcall(table.concat, setmetatable({}, { __index = function() return "" end }), "", 1, 2 ^ 31 - 1)
--- generate: concat of empty texts from far below => 1|2: attack.lua
table.concat(setmetatable({}, { __index = function() return "" end }), "", -2 ^ 31, 2 ^ 31 - 1)
--- generate: move of very many => 1: took more than
table.move({}, 1, 2e9, 2)
--- generate: move of very many, caught => 1: took more than
while true do pcall(table.move, {}, 1, 2e9, 1, {}) end
--- generate: move from far below => 1|2: attack.lua
table.move({}, -2 ^ 31, 2 ^ 31 - 2, 1)
--- generate: create of very many => 1|2: attack.lua
table.create(1e9, 1)
--- generate: create in a loop => 1: took more than|more memory
while true do local t = table.create(1e5, 1) end
--- generate: create of NaN, -1, inf => 0|2: attack.lua
pcall(table.create, -1)
pcall(table.create, 0 / 0)
table.create(math.huge)
--- generate: insert with __len => 0|2: attack.lua
local t = setmetatable({}, { __len = function() return 2 ^ 53 end })
table.insert(t, 1, 1)
--- generate: insert at the front of a long list => 1: took more than
local t = table.create(2e5, 1)
while true do table.insert(t, 1, 1) table.remove(t, 1) end
--- generate: remove at the front of a long list, as a method of another name => 1: took more than
local t, f, g = table.create(2e5, 1), table.insert, table.remove
while true do f(t, 1, 1) g(t, 1) end
--- generate: sort with a comparator that lies => 2: attack.lua
local t = {}
for i = 1, 1000 do t[i] = i end
table.sort(t, function() return true end)
--- generate: sort with a comparator that lies at random, caught => 0
local t = {}
for i = 1, 3000 do t[i] = i end
pcall(table.sort, t, function() return math.random() < 0.5 end)
--- generate: sort of a long list again and again => 1: took more than
local t = {}
for i = 1, 1e5 do t[i] = (i * 7919) % 100003 end
while true do table.sort(t) table.sort(t, function(a, b) return a > b end) end
--- generate: sort of texts with long equal beginnings => 1: took more than|too long|more memory
local t, s = {}, ("x"):rep(20000)
for i = 1, 300 do t[i] = s .. (i * 7919) % 1009 end
while true do table.sort(t, function(a, b) return a < b end) table.sort(t, function(a, b) return a > b end) end
--- generate: sort that empties what it sorts => 0|2: attack.lua
local t = {}
for i = 1, 1000 do t[i] = i % 17 end
table.sort(t, function(a, b) table.clear(t) return (a or 0) < (b or 0) end)
--- generate: sort in the comparator of sort => 0|1|2: attack.lua
local function sort(t) table.sort(t, function(a, b) sort(t) return a < b end) end
sort({ 3, 2, 1 })
--- generate: unpack of very many => 1|2: attack.lua
return unpack({}, 1, 1e8)
--- generate: unpack of limits that overflow => 1|2: attack.lua
return unpack({}, -2 ^ 31, 2 ^ 31 - 1)
--- generate: unpack and pack of many again and again => 1: took more than|more memory|too long
local t = table.create(1e5, 1)
while true do pcall(function() return table.pack(unpack(t)) end) end
--- generate: select with many again and again => 1: took more than|more memory|too long
local t = table.create(1e5, 1)
local function count(...) return select("#", ...) + select(-1, ...) end
while true do pcall(function() return count(unpack(t)) end) end
--- generate: arguments that grow with every call => 1|2: attack.lua
local function f(...) return f(1, 2, 3, 4, 5, 6, 7, 8, ...) end
f()
--- generate: clone of a big table again and again => 1: took more than|more memory
local t = table.create(1e5, 1)
while true do table.clone(t) end
--- generate: clear of a big table again and again => 1: took more than|too long
local t = table.create(1e5, 1)
while true do table.clear(t) end
--- generate: find in a big table again and again => 1: took more than
local t = table.create(1e5, 1)
while true do table.find(t, 2) end
--- generate: maxn, foreach and getn are gone or pay => 0|1|2: 
local t = table.create(1e5, 1)
if table.maxn then while true do table.maxn(t) end end
--- generate: a table with huge keys => 0
local t = {}
t[2 ^ 53], t[-2 ^ 53], t[math.huge], t[1e308], t[0.5] = 1, 1, 1, 1, 1
--- generate: NaN as a key => 2: attack.lua
local t = {}
t[0 / 0] = 1
--- generate: a frozen library is changed => 2: attack.lua
string.rep = nil
--- generate: a library is changed by rawset, table.insert, table.clear => 0
local names = { "string", "table", "math", "bit32", "coroutine" }
for _, library in { string, table, math, bit32, coroutine } do
    assert(not pcall(rawset, library, "x", 1))
    assert(not pcall(table.insert, library, 1))
    assert(not pcall(table.clear, library))
    assert(not pcall(setmetatable, library, {}))
end
--- generate: the metatable of texts is changed => 2: attack.lua
getmetatable("").__index = function() while true do end end
--- generate: the globals are changed => 0|2: attack.lua
local before = tostring
tostring = function() return "changed" end
_G.x = 1
--- generate: freezing p, scene and the libraries => 0|2: attack.lua
table.freeze(p)
table.freeze(scene)
table.freeze(math)
--- generate: a list with a hole => 2: attack.lua
return { { x = 1, y = 1, z = 1 }, nil, { x = 1, y = 1, z = 1 } }
