--- generate: error without a value => 2: attack.lua
error()
--- generate: error of nil => 2: attack.lua
error(nil)
--- generate: error of a table => 2: attack.lua
error({})
--- generate: error of a table with a metatable => 2: attack.lua
error(setmetatable({}, { __tostring = function() return "\27[31m" end, __index = error, __concat = error }))
--- generate: error of a function => 2: attack.lua
error(print)
--- generate: error of a coroutine => 2: attack.lua
error(coroutine.create(print))
--- generate: error of rng => 2: attack.lua
error(scene.rng)
--- generate: error of a number, true, NaN => 2: attack.lua
pcall(error, true)
error(0 / 0)
--- generate: error of an empty text => 2: attack.lua
error("")
--- generate: error of an empty text without a place => 2: attack.lua
error("", 0)
--- generate: error of a huge text => 2: attack.lua
error(("x"):rep(1e6))
--- generate: error with escape sequences => 2: attack.lua
error("\27[2J\27]0;title\7\r\n\b\0 end")
--- generate: error with direction marks => 2: attack.lua
error("\u{202e}gnp.exe\u{2066}\u{200b}\u{feff}")
--- generate: error that is not UTF-8 => 2: attack.lua
error("\xff\xfe\xc0\x80")
--- generate: error with lines => 2: attack.lua
error("a\nerror: b\n --> /etc/passwd:1:1\nstack traceback:\nscript0:1")
--- generate: error with a false place => 2: attack.lua
error("script0:99999999999999999999: x", 0)
--- generate: error with a false place of another script => 2: attack.lua
error("script77:1: x", 0)
--- generate: error with a place behind the end => 2: attack.lua
error("script0:4000000000: x", 0)
--- generate: error with a place of 0 => 2: attack.lua
error("script0:0: x", 0)
--- generate: error that looks like a limit => 2: attack.lua
error("not enough memory, really", 0)
--- generate: error that is that of a limit => 1: more memory
error("not enough memory", 0)
--- generate: error that is that of a limit, caught => 1: more memory
pcall(error, "not enough memory", 0)
--- generate: error with odd levels => 2: attack.lua
pcall(error, "x", -1)
pcall(error, "x", 1e308)
pcall(error, "x", 0 / 0)
error("x", 2 ^ 31)
--- generate: error in a coroutine => 2: attack.lua
coroutine.wrap(function() error("inner") end)()
--- generate: error in a handler => 2: attack.lua|0
local ok, e = xpcall(error, function(e) error(e) end, "x")
error(e)
--- generate: assert of odd values => 2: attack.lua
assert(false, setmetatable({}, { __tostring = error }))
--- generate: assert of nothing => 2: attack.lua
assert(nil)
--- generate: a dead coroutine => 2: attack.lua
local c = coroutine.wrap(function() end)
c()
c()
--- generate: a coroutine that resumes itself => 0|2: attack.lua
local c
c = coroutine.create(function() return coroutine.resume(c) end)
coroutine.resume(c)
--- generate: a coroutine that resumes the one that runs it => 0
local outer = coroutine.running()
local ok, why = coroutine.resume(coroutine.create(function() return coroutine.resume(outer) end))
--- generate: generate is resumed by itself, later => 0|2: attack.lua
local me = coroutine.running()
coroutine.wrap(function() pcall(coroutine.resume, me) pcall(coroutine.close or print, me) end)()
coroutine.yield()
pcall(coroutine.resume, me)
--- generate: yield across pcall, sort, gsub, metamethods => 2: attack.lua
pcall(function() coroutine.yield({}) end)
pcall(table.sort, { 2, 1 }, function() coroutine.yield({}) end)
pcall(string.gsub, "x", "x", function() coroutine.yield({}) end)
local t = setmetatable({}, { __index = function() coroutine.yield({}) end })
return t.x
--- radial: yield from a profile => 2: attack.lua
coroutine.yield(1)
--- script: yield while the script is loaded => 2: attack.lua
coroutine.yield(1)
--- script: error while the script is loaded => 2: attack.lua:1
error({})
--- script: a syntax error at the end => 2: attack.lua:3
return { generate = function() end }

end
--- script: a syntax error with escape sequences => 2: attack.lua
local x = "[31m
--- script: a text that does not end => 2: attack.lua
return "abc
--- script: a comment that does not end => 2: attack.lua
--[[ abc
--- script: goto, which Luau has not => 2: attack.lua
goto x
--- script: a syntax error in a module => 2: m.lua:1
require("m")
--- file m.lua
x x x
--- generate: print of much => 0|1: 
for i = 1, 1e5 do print(("x"):rep(100), i) end
--- generate: print of escape sequences => 0
print("\27[2J\27]0;title\7\r\n\b\0 end \u{202e}")
--- generate: print of odd values => 0
print(nil, {}, print, coroutine.create(print), scene.rng, 0 / 0, -0.0, "\xff")
--- generate: print of a huge text => 0
print(("x"):rep(5e6))
--- generate: print with a tostring of its own => 0
tostring = nil
print(1)
--- generate: print without end => 1: took more than
while true do print("x") end
--- intensity: print in a profile => 0|1: 
print(dx)
return math.exp(-dx * dx - dy * dy - dz * dz)
