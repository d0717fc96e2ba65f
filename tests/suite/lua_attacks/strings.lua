--- generate: string.rep of much => 1: more memory than
local s = ("x"):rep(1e9)
--- generate: string.rep of a negative, infinite or NaN count => 0|1|2: 
pcall(string.rep, "x", -1)
pcall(string.rep, "x", 0 / 0)
pcall(string.rep, "x", math.huge)
local s = ("x"):rep(1e308)
--- generate: an empty text repeated very often => 0
local s = (""):rep(9e15)
--- generate: string.rep in a loop => 1: took more than|more memory
while true do local s = ("x"):rep(5e6) end
--- generate: doubling a text => 1: more memory than
local s = "x"
while true do s = s .. s end
--- generate: doubling a text, caught => 1: more memory than
local s = "x"
while true do pcall(function() s = s .. s end) end
--- generate: a text grown bit by bit => 1: took more than|more memory
local s = ""
while true do s = s .. "0123456789" end
--- generate: a pattern that backtracks => 1: took more than
(("a"):rep(40)):find((".-"):rep(20) .. "b")
--- generate: a pattern that backtracks, caught => 1: took more than
while true do pcall(string.match, ("a"):rep(40), ("a*"):rep(30) .. "b") end
--- generate: gsub that backtracks => 1: took more than
(("a"):rep(3000)):gsub(("a?"):rep(25) .. ("a"):rep(25) .. "$", "")
--- generate: gmatch that backtracks => 1: took more than
for x in (("a"):rep(100)):gmatch((".*"):rep(12) .. "b") do end
--- generate: a frontier pattern on a long text => 1: took more than
while true do (("a"):rep(1e6)):find("%f[b]x") end
--- generate: a balanced pattern on a long text => 1: took more than
local s = ("("):rep(1e6)
while true do s:find("%b()") end
--- generate: a back reference on a long text => 1: took more than
local s = ("a"):rep(1e5)
while true do s:find("(a*)%1b") end
--- generate: a class of many characters on a long text => 1: took more than
local s, class = ("a"):rep(1e5), "[" .. ("b"):rep(1e5) .. "]"
while true do s:find(class) end
--- generate: plain search in a long text => 1: took more than
local s, p = ("a"):rep(3e6), ("a"):rep(1e6) .. "b"
while true do s:find(p, 1, true) end
--- generate: plain search with a long pattern that has no special character => 1: took more than
local s, p = ("a"):rep(3e6), ("a"):rep(1e6) .. "b"
while true do s:find(p) end
--- generate: split by a long separator => 1: took more than
local s, p = ("a"):rep(3e6), ("a"):rep(1e6) .. "b"
while true do s:split(p) end
--- generate: split into very many => 1: more memory than
(("a,"):rep(1e6)):split(",")
--- generate: gsub to something huge => 1: more memory than
(("a"):rep(1e4)):gsub("a", ("b"):rep(1e5))
--- generate: gsub with nothing => 1: took more than|more memory
local s = ("a"):rep(1e6)
while true do s:gsub("", "") end
--- generate: very deep patterns => 1|2: 
(("("):rep(1e5)):find(("(a"):rep(1e5))
--- generate: a pattern of question marks => 1|2: 
(("a"):rep(1e6)):find(("a?"):rep(1e5) .. "b")
--- generate: a format with a huge width => 2: attack.lua
string.format("%999999999d", 1)
--- generate: a format of very many => 1: took more than|more memory
local f = ("%99.99f"):rep(1e5)
local t = table.create(7000, 1e308)
while true do pcall(string.format, f, unpack(t)) end
--- generate: %n, %p and the like are refused => 2: attack.lua
string.format("%n", 1)
--- generate: the address of a table is not to be had => 2: string.format
string.format("%s", {})
--- generate: the address of a function neither => 0
if tostring(print) ~= "function" or tostring({}) ~= "table" then return { 1 } end
--- generate: %* shows no address => 2: string.format
string.format("%*", {})
--- generate: interpolation shows no address => 2: attack.lua
local t = {}
local s = `{t}`
error(s)
--- generate: pack with a huge format => 1: took more than
local f = (" "):rep(1e6)
while true do string.pack(f) end
--- generate: packsize with a huge format => 1: took more than
local f = (" "):rep(1e6)
while true do string.packsize(f) end
--- generate: unpack with a huge format => 1: took more than
local f = (" "):rep(1e6)
while true do string.unpack(f, "") end
--- generate: pack of huge padding => 1|2: attack.lua
local t = {}
for i = 1, 1000 do t[i] = string.pack("c1000000", "") end
--- generate: packsize that overflows => 2: attack.lua
string.packsize(("c2147483647"):rep(10))
--- generate: unpack behind the end => 2: attack.lua
string.unpack("z", "abc", 1e9)
--- generate: comparing long texts => 1: took more than|too long
local a = ("x"):rep(4e6)
local b, c = a .. "a", a .. "b"
while b < c do end
--- generate: a number of many digits => 1: took more than|too long
local s = ("1"):rep(4e6)
while true do tonumber(s) end
--- generate: arithmetic with a text of many digits => 1: took more than|too long
local s = ("0"):rep(4e6)
local x = 0
while true do x = x + s end
--- generate: the same part of a long text again and again => 1: took more than|too long
local s = ("x"):rep(4e6)
local t = s:sub(2)
while true do local u = s:sub(2) end
--- generate: upper, lower and reverse of a long text => 1: took more than|more memory
local s = ("x"):rep(2e6)
while true do s:upper() s:lower() s:reverse() end
--- generate: bytes of a long text => 1: took more than|more memory
local s = ("x"):rep(1e5)
while true do pcall(string.byte, s, 1, -1) end
--- generate: characters of many numbers => 1: took more than
local t = table.create(7000, 65)
while true do string.char(unpack(t)) end
--- generate: texts joined again and again => 1: took more than|more memory
local t = table.create(1000, ("x"):rep(1000))
while true do table.concat(t) end
--- generate: very many different texts => 1: took more than|more memory
local t = {}
for i = 1, 1e9 do t[i] = "text " .. i end
--- generate: numbers with the same hash as keys => 1: took more than|more memory|too long
local t = {}
for i = 1, 1e9 do t[i * 2 ^ 40] = i end
--- generate: utf8 with odd texts => 0|2: attack.lua
if utf8 then utf8.len("\xff\xfe") utf8.char(0x7fffffff) end
--- generate: string methods with other values => 2: attack.lua
string.rep({}, 10)
--- generate: library functions with odd arguments => 0|1
for _, library in { string, table, math, bit32, coroutine } do
    for name, f in library do
        if type(f) == "function" and name ~= "yield" then
            pcall(f) pcall(f, nil) pcall(f, 0 / 0) pcall(f, {}) pcall(f, "", "") pcall(f, -1, 1e308) pcall(f, {}, -2 ^ 53, 2 ^ 53)
        end
    end
end
