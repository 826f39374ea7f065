#include "script/absent_names.hpp"

#include <algorithm>
#include <span>

namespace canon::script {
namespace {

struct Absence {
    std::string_view name;
    std::string_view explanation;
};

constexpr Absence kLibraries[] = {
    {"debug",
     "strict Lua has no debug library: it reaches hooks, the registry and addresses; a fault "
     "comes with its traceback"},
    {"io",
     "strict Lua has no io library: files differ between machines; data comes in by the config and "
     "by inputs, text goes out by print and engine.log"},
    {"os",
     "strict Lua has no os library: clock, environment and files differ between machines; time is "
     "counted by engine.frame()"},
    {"package",
     "strict Lua has no package library: the modules are those of the program, wherever it lies; "
     "use require"},
};

constexpr Absence kFunctions[] = {
    {"bit32", "Lua 5.4 has no bit32: use the operators & | ~ << >>"},
    {"collectgarbage",
     "strict Lua has no collectgarbage: how much memory is in use, and when it is collected, "
     "differs between machines"},
    {"dofile",
     "strict Lua has no dofile: files differ between machines; use require for the program's "
     "modules"},
    {"getfenv", "Lua 5.4 has no getfenv: use _ENV"},
    {"loadfile",
     "strict Lua has no loadfile: files differ between machines; use require for the program's "
     "modules, load for text"},
    {"loadstring", "Lua 5.4 has no loadstring: use load"},
    {"module", "Lua 5.4 has no module: return a table at the end of the file"},
    {"newproxy", "Lua 5.4 has no newproxy: use a table with a metatable"},
    {"setfenv", "Lua 5.4 has no setfenv: give load an environment, or declare local _ENV"},
    {"unpack", "Lua 5.4 has no unpack: use table.unpack"},
    {"warn",
     "strict Lua has no warn: it writes to the error output of the machine; use "
     "engine.log(\"warning\", text)"},
};

// A nil field may be that of any table, so these leave it open.
constexpr Absence kFields[] = {
    {"cosh", "if math.cosh is meant: Lua 5.4 has it in some builds only"},
    {"dump",
     "if string.dump is meant: strict Lua has none, since bytecode differs between builds and "
     "nothing checks it; keep the source and load it"},
    {"frexp", "if math.frexp is meant: Lua 5.4 has it in some builds only"},
    {"getn", "if table.getn is meant: Lua 5.4 has none; use #"},
    {"ldexp", "if math.ldexp is meant: Lua 5.4 has it in some builds only; use x * 2.0^n"},
    {"log10", "if math.log10 is meant: Lua 5.4 has it in some builds only; use math.log(x, 10)"},
    {"maxn", "if table.maxn is meant: Lua 5.4 has none"},
    {"pow", "if math.pow is meant: Lua 5.4 has it in some builds only; use x ^ y"},
    {"sinh", "if math.sinh is meant: Lua 5.4 has it in some builds only"},
    {"tanh", "if math.tanh is meant: Lua 5.4 has it in some builds only"},
};

std::string_view find(std::span<const Absence> absences, std::string_view name) noexcept {
    const auto found = std::find_if(absences.begin(), absences.end(),
                                    [&](const Absence& absence) { return absence.name == name; });
    return found == absences.end() ? std::string_view() : found->explanation;
}

}  // namespace

// Lua ends such an error with the kind and the name: "(global 'os')", "(field 'dump')".
std::string_view explain_absence(std::string_view error) noexcept {
    constexpr std::string_view kBegin = " a nil value (";
    constexpr std::string_view kEnd = "')";
    const std::size_t begin = error.rfind(kBegin);
    if (begin == std::string_view::npos || !error.ends_with(kEnd)) return {};
    const std::string_view variable = error.substr(begin + kBegin.size());
    const std::size_t quote = variable.find(" '");
    if (quote == std::string_view::npos) return {};
    const std::string_view kind = variable.substr(0, quote);
    const std::string_view name =
        variable.substr(quote + 2, variable.size() - quote - 2 - kEnd.size());
    if (kind == "field" || kind == "method") return find(kFields, name);
    const std::string_view library = find(kLibraries, name);  // also `local os = os`
    return library.empty() ? find(kFunctions, name) : library;
}

std::string_view why_library_is_absent(std::string_view name) noexcept {
    return find(kLibraries, name);
}

}  // namespace canon::script
