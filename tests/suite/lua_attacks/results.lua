--- generate: returns a number => 2: attack.lua
return 5
--- generate: returns a text => 2: attack.lua
return "spots"
--- generate: returns a function => 2: attack.lua
return function() end
--- generate: returns true => 2: attack.lua
return true
--- generate: returns rng => 2: attack.lua
return scene.rng
--- generate: returns a coroutine => 2: attack.lua
return coroutine.create(function() end)
--- generate: returns nothing => 0
return
--- generate: returns nil in the middle => 2: attack.lua
return { { x = 1, y = 1, z = 1 }, false, { x = 1, y = 1, z = 1 } }
--- generate: a spot at NaN => 2: attack.lua; finite
return { { x = 0 / 0, y = 1, z = 1 } }
--- generate: a spot at infinity => 2: attack.lua; finite
return { { x = math.huge, y = 1, z = 1 } }
--- generate: a spot at 1e308 => 0
return { { x = 1e308, y = -1e308, z = 1 } }
--- generate: a spot at a text => 2: attack.lua
return { { x = "10", y = 1, z = 1 } }
--- generate: a spot without z => 2: attack.lua; `z`
return { { x = 1, y = 1 } }
--- generate: a spot that is empty => 2: attack.lua
return { {} }
--- generate: a spot with true for x => 2: attack.lua
return { { x = true, y = 1, z = 1 } }
--- generate: a spot of functions => 2: attack.lua
return { { x = print, y = print, z = print } }
--- generate: a spot with a metatable => 2: attack.lua
return { setmetatable({}, { __index = function(t, k) while true do end end }) }
--- generate: a list with a metatable => 0
return setmetatable({}, { __index = function() return { x = 1, y = 1, z = 1 } end, __len = function() return 1e9 end })
--- generate: a list that holds itself => 2: attack.lua
local t = {}
t[1] = t
return t
--- generate: a spot that holds itself => 2: attack.lua
local t = { x = 1, y = 1, z = 1 }
t.t = t
return { t }
--- generate: a negative photon count => 2: photons
return { { x = 1, y = 1, z = 1, photons = -1 } }
--- generate: a huge amplitude => 0|2: 
return { { x = 5, y = 5, z = 5, amplitude = 1e308 }, { x = 5, y = 5, z = 5, amplitude = 1e308 } }
--- generate: amplitude and photons => 2: photons
return { { x = 1, y = 1, z = 1, photons = 1, amplitude = 1 } }
--- generate: amplitude NaN => 2: amplitude
return { { x = 1, y = 1, z = 1, amplitude = 0 / 0 } }
--- generate: sigma 0 => 2: sigma
return { { x = 1, y = 1, z = 1, sigma = 0 } }
--- generate: sigma inf => 2: sigma
return { { x = 1, y = 1, z = 1, sigma = math.huge } }
--- generate: a huge sigma => 0|1|2: 
return { { x = 1, y = 1, z = 1, sigma = 1e300 } }
--- generate: a tiny sigma => 0|1|2: 
return { { x = 1, y = 1, z = 1, sigma = 1e-300 } }
--- generate: a sigma of two numbers => 2: sigma
return { { x = 1, y = 1, z = 1, sigma = { x = 1, y = 1 } } }
--- generate: a sigma that is empty => 2: sigma
return { { x = 1, y = 1, z = 1, sigma = {} } }
--- generate: sigma_x alone => 2: sigma
return { { x = 1, y = 1, z = 1, sigma_x = 1 } }
--- generate: very many columns => 2: columns
local t = { x = 1, y = 1, z = 1 }
for i = 1, 1e4 do t["c" .. i] = i end
return { t }
--- generate: columns of odd names => 2: cannot be a column
return { { x = 1, y = 1, z = 1, ["../x"] = 1 } }
--- generate: a column with an escape sequence in its name => 2: cannot be a column
return { { x = 1, y = 1, z = 1, ["\27[31m"] = 1 } }
--- generate: a column with a zero byte in its name => 2: cannot be a column
return { { x = 1, y = 1, z = 1, ["a\0b"] = 1 } }
--- generate: a column with a huge name => 2: cannot be a column
return { { x = 1, y = 1, z = 1, [("a"):rep(1e6)] = 1 } }
--- generate: a column that is not UTF-8 => 2: cannot be a column
return { { x = 1, y = 1, z = 1, ["\xff\xfe"] = 1 } }
--- generate: a column without a name => 2: without a name
return { { x = 1, y = 1, z = 1, [7] = 1 } }
--- generate: a reserved column => 2: of its own
return { { x = 1, y = 1, z = 1, inside = 1 } }
--- generate: a reserved column in capitals => 2: of its own
return { { x = 1, y = 1, z = 1, INSIDE = 1 } }
--- generate: two columns that differ by case => 0|2: 
return { { x = 1, y = 1, z = 1, a = 1, A = 2 } }
--- generate: columns of different lengths => 2: column
return { x = { 1, 2 }, y = { 1 }, z = { 1, 2 } }
--- generate: columns with a hole => 2: attack.lua
return { x = { 1, nil, 3 }, y = { 1, 2, 3 }, z = { 1, 2, 3 } }
--- generate: columns of texts => 2: column
return { x = { "1" }, y = { "1" }, z = { "1" } }
--- generate: columns without x => 2: attack.lua
return { y = { 1 }, z = { 1 } }
--- generate: columns with NaN => 2: finite
return { x = { 0 / 0 }, y = { 1 }, z = { 1 } }
--- generate: a column that is a function => 2: column
return { x = { 1 }, y = { 1 }, z = print }
--- generate: columns with a metatable => 0
local function loop() while true do end end
local m = { __index = loop, __len = loop, __iter = loop }
return setmetatable({ x = setmetatable({ 1 }, m), y = setmetatable({ 1 }, m), z = setmetatable({ 1 }, m) }, m)
--- generate: extra columns of huge numbers => 0|2: 
return { { x = 1, y = 1, z = 1, huge = 1e308, tiny = 5e-324, minus = -0.0 } }
--- generate: an extra column that is infinite => 2: finite
return { { x = 1, y = 1, z = 1, e = math.huge } }
--- generate: emit of nothing => 2: attack.lua:1
scene.emit()
--- generate: emit of texts => 2: attack.lua:1
scene.emit("1", "2", "3")
--- generate: emit of NaN => 2: finite; attack.lua:1
scene.emit(0 / 0, 1, 1)
--- generate: emit of very much => 2: attack.lua
scene.emit(unpack(table.create(5000, 1)))
--- generate: emit as a method => 2: with a dot; attack.lua:1
scene:emit(1, 1, 1)
--- generate: emit of a spot that fails is caught and leaves nothing => 0
for i = 1, 100 do pcall(scene.emit, 1, 1) pcall(scene.emit, { x = 1 }) pcall(scene.emit, 1, 1, 1, 1) end
--- generate: emit from a coroutine => 0
coroutine.wrap(function() scene.emit(1, 1, 1) end)()
--- generate: emit from gsub, sort and metamethods => 0
local e = scene.emit;
("xx"):gsub("x", function() e(1, 1, 1) end)
table.sort({ 2, 1 }, function(a, b) e(1, 1, 1) return a < b end)
local t = setmetatable({}, { __index = function() e(1, 1, 1) end })
local _ = t.x
--- generate: emit as a comparator, a callback, an iterator, a coroutine and a metamethod => 0|2: attack.lua
local e = scene.emit
pcall(table.sort, { 2, 1 }, e)
pcall(string.gsub, "x", "x", e)
pcall(setmetatable({}, { __index = e }).x)
pcall(coroutine.wrap(e), 1, 1, 1)
for _ in e do end
--- script: emit kept in a global between two runs => 0|2: attack.lua
kept = kept or nil
return { generate = function(p, scene) if kept then kept(1, 1, 1) end kept = scene.emit end }
--- generate: emit of the table of all spots => 2: attack.lua
scene.emit({ { x = 1, y = 1, z = 1 } })
--- script: columns that are no names => 2: columns
return { columns = { 1, 2 }, generate = function() end }
--- script: columns that are a text => 2: columns
return { columns = "a", generate = function() end }
--- script: columns with odd names => 2: cannot be a column
return { columns = { "\27[2J" }, generate = function() end }
--- script: columns named twice => 0|2: 
return { columns = { "a", "a", "x", "sigma" }, generate = function(p, scene) scene.emit(1, 1, 1, 2, 3, 4, 5) end }
--- script: very many columns => 2: columns
local t = {}
for i = 1, 1e5 do t[i] = "c" .. i end
return { columns = t, generate = function() end }
--- script: columns with a metatable => 0
local loop = function() while true do end end
return { columns = setmetatable({}, { __index = loop, __len = loop, __iter = loop }), generate = function() end }
--- script: returns nothing => 2: attack.lua
local x = 1
--- script: returns a number => 2: attack.lua
return 1
--- script: returns a function => 2: attack.lua
return function() end
--- script: returns a table without generate => 2: generate
return {}
--- script: generate is a table that can be called => 2: generate
return { generate = setmetatable({}, { __call = function() end }) }
--- script: generate by __index => 2: generate
return setmetatable({}, { __index = function() return function() end end })
--- script: generate is a C function => 0|2: attack.lua
return { generate = print }
--- script: generate is error => 2: attack
return { generate = error }
--- script: generate is pcall => 0|2: attack
return { generate = pcall }
--- script: generate is coroutine.yield => 0|1|2: 
return { generate = coroutine.yield }
--- script: about is a table => 0
return { about = {}, generate = function() end }
--- script: about is huge => 0
return { about = ("x"):rep(1e6), generate = function() end }
--- script: a profile as a generator => 2: no generator
return { radial = 5, support = 1 }
--- profile: both functions => 2: one of them
return { support = 1, radial = function() return 1 end, intensity = function() return 1 end }
--- profile: no support => 2: support
return { radial = function() return 1 end }
--- profile: a support of 0 => 2: support
return { support = 0, radial = function() return 1 end }
--- profile: a support that is NaN => 2: support
return { support = 0 / 0, radial = function() return 1 end }
--- profile: a negative support => 2: support
return { support = -1, radial = function() return 1 end }
--- profile: an infinite support => 2: support
return { support = math.huge, radial = function() return 1 end }
--- profile: a support of 1e300 => 1|2: 
return { support = 1e300, radial = function(p, r) return 1 end }
--- profile: a support of 1e150 => 1|2: 
return { support = 1e150, intensity = function() return 1 end }
--- profile: a support of 1e-300 => 0|1|2: 
return { support = 1e-300, radial = function(p, r) return 1 end }
--- profile: a support of 1e9, that is of very many voxels => 0|1|2: 
return { support = 1e9, radial = function(p, r) return 1 end }
--- profile: a support that is a text => 2: support
return { support = "3", radial = function() return 1 end }
--- profile: a support that is a table => 2: support
return { support = {}, radial = function() return 1 end }
--- profile: a support that fails => 2: attack.lua:1
return { support = function() error("no") end, radial = function() return 1 end }
--- radial: nothing => 2: attack.lua
return
--- radial: NaN => 2: finite
return 0 / 0
--- radial: infinity => 2: finite
return 1 / r
--- radial: 1e308 => 0|2: 
return 1e308
--- radial: 0 everywhere => 2: 0 everywhere
return 0
--- radial: negative => 0|2: 
return -1
--- radial: a text => 2: number
return "1"
--- radial: a table => 2: number
return {}
--- radial: many values => 0
return 3 - r, 2, 3, 4
--- radial: the smallest numbers => 0|1|2: 
return 5e-324
--- radial: noise => 0|1|2: 
return (math.sin(r * 1e15) * 1e6) % 1
--- intensity: nothing => 2: attack.lua
return
--- intensity: NaN far out => 2: finite
return if dx > 2.9 then 0 / 0 else 1
--- intensity: NaN at a voxel that no one samples before => 2: finite
if dx == 1 and dy == 1 and dz == 0 then return 0 / 0 end
return math.exp(-dx * dx - dy * dy - dz * dz)
--- intensity: huge at a voxel that no one samples before => 0|2: 
if dx == 1 and dy == 1 and dz == 0 then return 1e308 end
return math.exp(-dx * dx - dy * dy - dz * dz)
--- intensity: a coroutine => 2: number|attack.lua
return coroutine and 1 or nil
