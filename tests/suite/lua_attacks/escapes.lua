--- generate: nothing that reaches outside is there => 0
for _, name in { "io", "os", "debug", "package", "load", "loadstring", "loadfile", "dofile", "module", "getfenv", "setfenv", "newproxy",
        "collectgarbage", "gcinfo", "jit", "ffi", "buffer", "vector", "shared", "_VERSION" } do
    assert(_G[name] == nil, name)
end
assert(not string.dump and not table.foreach)
--- generate: the environment of a function is not to be had => 0
assert(getfenv == nil and setfenv == nil and debug == nil)
--- generate: io => 2: attack.lua:1
io.open("/etc/passwd")
--- generate: os => 2: attack.lua:1
os.execute("touch /tmp/broken-out")
--- generate: os.clock => 2: attack.lua:1
os.clock()
--- generate: load => 2: attack.lua:1
load("return 1")()
--- generate: loadstring => 2: attack.lua:1
loadstring("return 1")()
--- generate: dofile => 2: attack.lua:1
dofile("/etc/passwd")
--- generate: string.dump => 2: attack.lua:1
string.dump(print)
--- generate: the registry by a light userdata => 0
for k, v in _G do assert(type(v) ~= "userdata", k) end
--- generate: require in generate => 2: attack.lua:1; top of the script
require("m")
--- script: require of a parent => 2: attack.lua:1
require("../../etc/passwd")
--- script: require of an absolute path => 2: attack.lua:1
require("/etc/passwd")
--- script: require of itself => 2: requires itself
require("attack")
--- script: require in a circle => 2: requires itself
require("m")
--- file m.lua
require("n")
--- file n.lua
require("m")
--- script: require of what is not there => 1|2: nothing_here
require("nothing_here")
--- script: require of what is not there, caught => 1|2: nothing_here
pcall(require, "nothing_here")
return { generate = function() end }
--- script: require of a directory => 1|2: 
require("lib")
--- file lib/m.lua
return 1
--- script: require of odd values => 0
for _, name in { "", ".", "..", "a//b", "a/../b", "./a", "~", "a\0b", "C:\\x", "@std/x", "http://x", "a/", "\xff" } do
    assert(not pcall(require, name))
end
for _, value in { true, {}, print } do assert(not pcall(require, value)) end
assert(not pcall(require))
return { generate = function() end }
--- script: require of a module without a value => 2: returns nothing
require("m")
--- file m.lua
local x
--- script: require of a module that is false => 0
assert(require("m") == false)
return { generate = function() end }
--- file m.lua
return false
--- script: require of the module's own folder => 0
assert(require("lib/a") == 5)
return { generate = function() end }
--- file lib/a.lua
return require("b")
--- file lib/b.lua
return 5
--- script: require of a name that is too long => 1: too long
require(("x"):rep(1e5))
--- script: require from a coroutine => 0|2: attack.lua
coroutine.wrap(function() require("m") end)()
return { generate = function() end }
--- file m.lua
return 1
--- script: a module that yields => 2: m.lua|attack.lua
coroutine.wrap(function() require("m") end)()
return { generate = function() end }
--- file m.lua
coroutine.yield()
return 1
--- script: a module that changes globals changes those of its script, but no library => 0
require("m")
assert(leaked == 1 and not math.leaked)
return { generate = function() end }
--- file m.lua
leaked = 1
tostring = function() return "x" end
assert(not pcall(function() math.leaked = 1 end))
return 1
--- script: a module changes what another has returned => 0
assert(require("n").x == 1 and require("m").x == 2)
return { generate = function() end }
--- file m.lua
return { x = 1 }
--- file n.lua
local m = require("m")
local before = m.x
m.x = 2
return { x = before }
--- script: random numbers while the script is loaded => 2: attack.lua:1
local x = math.random()
return { generate = function() end }
--- radial: random numbers in a profile => 2: attack.lua:1
return math.random()
--- generate: math.randomseed => 2: the scene has the seed; attack.lua:1
math.randomseed(1)
--- generate: rng without a colon => 2: with a colon; attack.lua:1
scene.rng.uniform()
--- generate: rng methods on other values => 0
local rng = scene.rng
for name, f in { rng.uniform, rng.integer, rng.normal, rng.lognormal, rng.exponential, rng.gamma, rng.poisson, rng.choice, rng.point,
        rng.unit_vector, rng.shuffle, rng.stream } do
    for _, value in { 1, "x", {}, true, print, coroutine.create(print), setmetatable({}, { __index = rng }) } do
        assert(not pcall(f, value, 1, 1, 1))
    end
    assert(not pcall(f))
    pcall(f, rng) pcall(f, rng, {}) pcall(f, rng, 0 / 0) pcall(f, rng, math.huge, -math.huge) pcall(f, rng, "1", "2", "3")
    pcall(f, rng, 1e308, 1e308, 1e308) pcall(f, rng, -1e308, 1e308) pcall(f, rng, 2 ^ 53, 2 ^ 53, -1) pcall(f, rng, 1, 2, 0.5)
    pcall(f, rng, 1e-308) pcall(f, rng, {}, 5) pcall(f, rng, { 1, 2, 3 }, 5) pcall(f, rng, 0, 0, 0) pcall(f, rng, 1, 2, 3, 4, 5, 6)
end
--- generate: rng distributions at their ends => 0|2: attack.lua
local r = scene.rng
for _ = 1, 100 do r:gamma(1e-300) r:gamma(1e300) r:gamma(1e-5) r:poisson(1e15) r:poisson(1e-300) r:exponential(1e308) r:lognormal(1e308, 1e308) end
r:uniform(-1e308, 1e308) r:normal(0, 1e308) r:integer(-9e15, 9e15) r:integer(5, 5) r:stream(8e15):uniform()
--- generate: the metatable of rng => 0
local rng = scene.rng
assert(getmetatable(rng) == false)
assert(not pcall(setmetatable, rng, {}))
assert(not pcall(function() rng.x = 1 end))
assert(not pcall(function() return rng() end))
assert(not pcall(rawset, rng, "x", 1) and not pcall(rawget, rng, "x"))
--- generate: rng:choice and rng:shuffle of odd tables => 0|2: attack.lua
local r = scene.rng
local function loop() while true do end end
local m = { __index = loop, __newindex = loop, __len = loop }
r:shuffle(setmetatable({ 1, 2, 3 }, m))
r:choice(setmetatable({ 1, 2, 3 }, m))
pcall(r.shuffle, r, math)
pcall(r.choice, r, math)
r:shuffle({ 1, nil, 3 })
--- generate: math.random of odd limits => 0|2: attack.lua
for _, limits in { { 0 }, { -1 }, { 2, 1 }, { 0.5 }, { 0 / 0 }, { math.huge }, { 1e300, 1e308 }, { "1" }, { {} }, { 1, 2, 3 } } do
    pcall(math.random, unpack(limits))
end
math.random(-9e15, 9e15)
--- generate: scene and p cannot be changed => 0
assert(not pcall(function() scene.x = 1 end))
assert(not pcall(function() scene.grid.shape.x = 1 end))
assert(not pcall(function() p.x = 1 end))
assert(not pcall(rawset, scene, "emit", 1))
assert(not pcall(setmetatable, scene, {}))
assert(not pcall(table.clear, scene.grid))
--- script: params that are no table => 2: params
return { params = 5, generate = function() end }
--- script: params that hold themselves => 2: params
local t = {}
t.t = t
return { params = t, generate = function() end }
--- script: params that are deep => 2: params
local t = {}
for _ = 1, 1e4 do t = { t = t } end
return { params = t, generate = function() end }
--- script: params that are deep lists => 2: params
local t = { 1 }
for _ = 1, 1e4 do t = { t } end
return { params = { t = t }, generate = function() end }
--- script: params of very many => 2: params
local t = {}
for i = 1, 1e5 do t["a" .. i] = i end
return { params = t, generate = function() end }
--- script: params of a very long list => 2: params
return { params = { t = table.create(3e5, 1) }, generate = function() end }
--- script: params with odd names => 2: params
return { params = { ["\27[2J"] = 1 }, generate = function() end }
--- script: params with numbers for names => 2: params
return { params = { 1, 2, 3 }, generate = function() end }
--- script: params of functions => 2: params
return { params = { a = print }, generate = function() end }
--- script: params that are NaN => 2: params
return { params = { a = 0 / 0 }, generate = function() end }
--- script: params with a metatable => 0
local function loop() while true do end end
return { params = setmetatable({}, { __index = loop, __len = loop, __iter = loop, __tostring = loop }), generate = function() end }
--- script: a parameter that is a huge text => 0|2: 
return { params = { a = ("x"):rep(3e6) }, generate = function() end }
--- script: a parameter that is a text with escape sequences => 0|2: 
return { params = { a = "\27[2J" }, generate = function() end }
--- script: a parameter with an odd range => 2: params
return { params = { a = { default = 5, min = 10 } }, generate = function() end }
--- script: a parameter with a range of NaN => 0|2: params
return { params = { a = { default = 5, min = 0 / 0, max = 0 / 0 } }, generate = function() end }
--- script: a parameter with an unknown property => 2: params
return { params = { a = { default = 5, minimum = 1 } }, generate = function() end }
--- radial: a profile changes its parameters => 2: attack.lua
p.x = 1
return 1
--- profile: a profile remembers in a variable => 2: attack.lua
local n = 0
return { support = 3, radial = function(p, r) n = n + 1 return n end }
--- profile: a profile remembers in a table => 2: attack.lua
local t = { n = 0 }
return { support = 3, radial = function(p, r) t.n = t.n + 1 return t.n end }
--- profile: a profile remembers in a global => 2: attack.lua
return { support = 3, radial = function(p, r) n = (n or 0) + 1 return n end }
--- profile: a profile remembers in an iterator of text => 2: attack.lua
local next = (("1 2 3 4 5 6 7 8 9 "):rep(1e4)):gmatch("%d")
return { support = 3, radial = function(p, r) return tonumber(next() or 0) end }
--- profile: a profile remembers in a coroutine => 2: attack.lua
local next = coroutine.wrap(function() local n = 0 while true do n = n + 1 coroutine.yield(n) end end)
return { support = 3, radial = function(p, r) return next() end }
--- profile: a profile remembers in the variable of a function that it calls => 2: attack.lua
local function counter() local n = 0 return function() n = n + 1 return n end end
local next = counter()
local t = setmetatable({}, { __index = function(t, k) return next() end })
return { support = 3, radial = function(p, r) return t.x end }
--- profile: a profile remembers deep down => 2: attack.lua
local t = { n = 0 }
local deep = t
for _ = 1, 200 do deep = { deep } end
return { support = 3, intensity = function(p, dx, dy, dz)
    local d = deep
    for _ = 1, 200 do d = d[1] end
    d.n = d.n + 1
    return d.n
end }
--- profile: a profile remembers in a module => 2: attack.lua
local m = require("m")
return { support = 3, radial = function(p, r) return m.next() end }
--- file m.lua
local n = 0
return { next = function() n = n + 1 return n end }
--- profile: a profile remembers in a module's table => 2: attack.lua
local m = require("m")
return { support = 3, radial = function(p, r) m.n = m.n + 1 return m.n end }
--- file m.lua
return { n = 1 }
--- profile: a profile remembers in a module that it requires when it is called => 2: attack.lua
require("m")
return { support = 3, radial = function(p, r) local m = require("m") m.n = m.n + 1 return m.n end }
--- file m.lua
return { n = 1 }
--- profile: a profile remembers in NaN => 2: attack.lua
local n = 0 / 0
return { support = 3, radial = function(p, r) if n ~= n then n = 1 end return 3 - r end }
--- profile: a profile that has NaN => 0
local n = 0 / 0
return { support = 3, radial = function(p, r) return if n ~= n then 3 - r else r end }
--- profile: a profile remembers in a weak table => 2: weak
local t = setmetatable({ {} }, { __mode = "v" })
return { support = 3, radial = function(p, r) local x = {} return if t[1] then 3 - r else (3 - r) * 2 end }
--- radial: a weak table of a call alone holds what it held => 0
local t = setmetatable({ {} }, { __mode = "v" })
for i = 1, 500 do local x = { i } end
return if t[1] then math.exp(-r * r) else 1
--- intensity: a profile tells the addresses of its keys => 2: for the same arguments
local t, x = {}, 0
for i = 1, 6 do t[{}] = i end
for k, v in t do x = x * 7 + v end
return x
--- intensity: a profile tells the addresses of functions => 2: for the same arguments
local t, x = {}, 0
for i = 1, 6 do t[function() return i end] = i end
for k, v in pairs(t) do x = x * 7 + v end
return x
--- profile: a profile remembers in a function of a frozen table => 2: attack.lua
local n = 0
local t = table.freeze({ next = function() n = n + 1 return n end })
return { support = 3, radial = function(p, r) return t.next() end }
--- profile: a profile remembers in a global function => 2: attack.lua
local n = 0
function next_number() n = n + 1 return n end
return { support = 3, radial = function(p, r) return next_number() end }
--- profile: a profile clones a closure => 2: attack.lua
local n = 0
local function f() n = n + 1 return function() return n end end
return { support = 3, radial = function(p, r) return f()() end }
--- profile: a profile depends on a key's address => 0
local a, b = {}, function() end
local t = { [a] = 1, [b] = 2 }
return { support = 3, radial = function(p, r) local x = 0 for k, v in t do x = x * 3 + v end return (3 - r) * x end }
