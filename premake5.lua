-- The one build description: `premake5 gmake`, or with Debian's older tool `premake4 --file=premake5.lua gmake`, then
-- `make -C build/gmake config=release`. ./dev does this and is the usual way in.

-- The words that differ between the two. Options are written for the compiler itself, which spells them the same under
-- both (-std=c++20 rather than cppdialect, -O2 rather than optimize).
local premake4 = _PREMAKE_VERSION:sub(1, 1) == "4"
workspace = workspace or solution
local function on(name) if premake4 then configuration(name) else filter("configurations:" .. name) end end
local function on_all() if premake4 then configuration({}) else filter({}) end end
if premake4 then  -- It names an object file after its source alone: world/page.cpp and script/page.cpp would be one.
    local basename = path.getbasename
    path.getbasename = function(p)
        return p:find("%.cpp$") and basename(p:gsub("%.%./", ""):gsub("/", "-")) or basename(p)
    end
end

-- By `canon bench job call`: jobs cost the same with both; a call that stops a job and goes on 0.5 us with the C build,
-- 2.6 us with the C++ build, whose errors also take a lock of the whole process. So C is the default; tests run with both.
newoption({ trigger = "lua", value = "BUILD", description = "Build of Lua inside Canon",
            allowed = { { "c", "errors by longjmp (default)" }, { "cxx", "errors as C++ exceptions" } } })
newoption({ trigger = "lua-source", value = "DIR",
            description = "Folder of lua.h and Lua's sources, see framework/lua_source.sh (default: the system's library)" })
newoption({ trigger = "level", value = "LEVEL", description = "Optimization of Release: 0, 2 (default) or 3" })
newoption({ trigger = "fuzz", description = "Only what ./dev fuzz needs; with clang" })
newoption({ trigger = "threads", description = "Of the tests only those that have threads" })
newoption({ trigger = "out", value = "DIR", description = "Folder for all output (default: build)" })
newoption({ trigger = "sysroot", value = "DIR", description = "Where the target's /usr is (default: this machine's)" })
local lua_build = _OPTIONS["lua"] or "c"
local lua_source = _OPTIONS["lua-source"]
local level = _OPTIONS["level"] or "2"
local out = _OPTIONS["out"] or "build"

local fuzz = _OPTIONS["fuzz"] ~= nil
local configs = fuzz and { "Fuzz" } or { "Release", "Debug", "Asan", "Tsan" }
local makefiles = out .. "/gmake"
local from_makefiles = path.getrelative(makefiles, ".")  -- commands of a build run there
local out_from_makefiles = path.getrelative(makefiles, out)
local lua_include = lua_source or (_OPTIONS["sysroot"] or "") .. "/usr/include/lua5.4"

-- All .cpp files under `folder`, but not those below one of `except`.
local function sources(folder, except)
    local kept = {}
    for _, file in ipairs(os.matchfiles(folder .. "/**.cpp")) do
        local skipped = false
        for _, prefix in ipairs(except or {}) do skipped = skipped or file:sub(1, #prefix) == prefix end
        if not skipped then table.insert(kept, file) end
    end
    table.sort(kept)
    return kept
end

local function declare(name, what, files_of_it, target_dir)
    project(name)
    kind(what)
    language("C++")
    location(makefiles)
    files(files_of_it)
    objdir(out .. "/obj/" .. name)
    buildoptions({ "-std=c++20", "-g1", "-Wall", "-Wextra", "-Werror", "-pthread" })
    -- g++ 12 sees uninitialized members in every std::variant of vectors that it moves; clang has no such warning.
    -- At -O3 it sees copies that overlap in "text" + std::string().
    buildoptions({ "-Wno-unknown-warning-option", "-Wno-maybe-uninitialized", "-Wno-restrict" })
    -- Contraction into fused multiply-add rounds once where the written program rounds twice, on some processors only.
    buildoptions({ "-ffp-contract=off" })
    linkoptions({ "-pthread" })
    includedirs({ "framework/include" })
    for _, config in ipairs(configs) do
        on(config)
        targetdir((target_dir or out .. "/bin/%s"):gsub("%%s", config) .. "")
    end
    on("Fuzz")
    buildoptions({ "-O1", "-fno-omit-frame-pointer", "-fsanitize=fuzzer-no-link,address,undefined",
                   "-fno-sanitize-recover=all" })
    linkoptions({ "-fsanitize=fuzzer,address,undefined" })
    on("Release")
    buildoptions({ "-O" .. level })
    on("Debug")
    buildoptions({ "-O0", "-g" })
    for _, config in ipairs({ "Asan", "Tsan" }) do  -- or the linker strips them: findings name functions and lines
        on(config)
        if premake4 then flags({ "Symbols" }) else symbols("On") end
    end
    on("Asan")
    buildoptions({ "-O1", "-fno-omit-frame-pointer", "-fsanitize=address,undefined", "-fno-sanitize-recover=all" })
    linkoptions({ "-fsanitize=address,undefined" })
    on("Tsan")
    buildoptions({ "-O1", "-fno-omit-frame-pointer", "-fsanitize=thread" })
    linkoptions({ "-fsanitize=thread" })
    on_all()
end

-- Inside the library and its tests only: Lua's headers, with the names of the private copy.
local function sees_private_headers()
    includedirs({ "framework/src", out .. "/lua", lua_include })
end

local replay_sources = sources("replay", { "replay/cli/" })
local function links_canon()
    if #replay_sources > 0 then links({ "canon_replay" }) end
    links({ "canon", "sleef", "fmt", "zstd", "m", "dl" })
end

workspace("canon")
configurations(configs)
location(makefiles)

local private_lua_source = "framework/src/script/private_lua.cpp"

-- Lua itself, renamed, with what it calls instead of the C library: one object and the header of its names.
declare("private_lua", "StaticLib", { private_lua_source }, out .. "/lua/%s")
postbuildcommands({ string.format(
    '@CXX="$(CXX)" %s/framework/private_lua.sh %s %s %s/lua $(TARGET) $(TARGETDIR)/private_lua.o %s',
    from_makefiles, lua_build, lua_include, out_from_makefiles, lua_source and level or "") })

declare("canon", "StaticLib", sources("framework/src", { private_lua_source }))
sees_private_headers()
links({ "private_lua" })  -- built first: its header is included here
for _, config in ipairs(configs) do
    on(config)
    postbuildcommands({ string.format("@$(AR) -rs $(TARGET) %s/lua/%s/private_lua.o", out_from_makefiles, config) })
end
on_all()

if #replay_sources > 0 then
    declare("canon_replay", "StaticLib", replay_sources)
    includedirs({ "replay", "framework/src" })
end

local cli_sources = sources("replay/cli")
if #cli_sources > 0 and not fuzz then
    declare("canon_cli", "ConsoleApp", cli_sources)
    targetname("canon")
    includedirs({ "replay", "framework/src" })  -- the latter for bench*.cpp alone, see tests/repo/includes.py
    if lua_build == "cxx" then defines({ "CANON_LUA_CXX" }) end
    links_canon()
end

-- What has no threads: for the thread sanitizer not worth a build.
local without_threads = _OPTIONS["threads"] == nil and {} or {
    "tests/fuzz/", "tests/script/", "tests/unit/core_", "tests/unit/fuzz_", "tests/unit/schema_", "tests/unit/script_lua",
    "tests/unit/script_patterns", "tests/unit/script_vm", "tests/unit/state_", "tests/unit/world_d", "tests/unit/world_e",
    "tests/unit/world_f", "tests/unit/world_h", "tests/unit/world_i", "tests/unit/world_q", "tests/unit/world_r",
    "tests/unit/world_sav", "tests/unit/world_t", "tests/replay/container_", "tests/replay/packing", "tests/replay/recording_cut" }

-- The same targets in the tests, which run the kept inputs, and around libFuzzer, which looks for new ones.
local left_out = { "tests/fuzz/driver/", "tests/bench/", "tests/repo/" }
for _, prefix in ipairs(without_threads) do table.insert(left_out, prefix) end
local test_sources = sources("tests", left_out)
if fuzz then
    declare("canon_fuzz", "ConsoleApp", sources("tests/fuzz"))
    if premake4 then flags({ "Symbols" }) else symbols("On") end  -- or the linker strips them: findings name lines
    sees_private_headers()
    includedirs({ "replay", "tests" })
    links_canon()
elseif #test_sources > 0 then
    declare("canon_tests", "ConsoleApp", test_sources)
    defines({ "BOOST_TEST_DYN_LINK" })
    buildoptions({ "-O0" })  -- in all configurations: the library is what is tested, and this halves the build
    sees_private_headers()
    includedirs({ "replay", "tests" })
    links_canon()
    links({ "boost_unit_test_framework" })
end

-- C++ hosts: samples/NAME.cpp, or a folder with a main.cpp.
for _, file in ipairs(fuzz and {} or os.matchfiles("samples/**.cpp")) do
    local folder = path.getdirectory(file)
    local host, host_sources
    if path.getname(file) == "main.cpp" then
        host, host_sources = path.getname(folder), os.matchfiles(folder .. "/*.cpp")
    elseif folder == "samples" then
        host, host_sources = path.getname(file):gsub("%.cpp$", ""), { file }
    end
    if host then
        declare("sample_" .. host, "ConsoleApp", host_sources, out .. "/bin/%s/samples")
        targetname(host)
        links_canon()
    end
end
