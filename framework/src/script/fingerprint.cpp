#include "canon/fingerprint.hpp"

#include "canon/hash.hpp"
#include "canon/strict_math.hpp"
#include "core/fixed_environment.hpp"
#include "script/lua_limits.hpp"
#include "script/lua_probe.hpp"

namespace canon {
namespace {

constexpr std::uint32_t kFormat = 1;

Fingerprint compute() {
    const FixedEnvironment environment;
    Fingerprint made;
    made.lua = "Lua " + script::lua_release();
    script::exact_mode_works(made.not_exact);
    script::probe_heap(made.layout_probe, made.order_probe);
    made.math_probe = strict_math_probe();
    made.format = kFormat;
    return made;
}

}  // namespace

std::uint64_t Fingerprint::digest() const {
    Hasher hasher;
    hasher.update_string(lua);
    hasher.update_integer(layout_probe);
    hasher.update_integer(order_probe);
    hasher.update_integer(math_probe);
    hasher.update_integer(format);
    hasher.update_integer(not_exact.empty() ? 1 : 0);
    return hasher.digest();
}

const Fingerprint& fingerprint() {
    static const Fingerprint computed = compute();
    return computed;
}

std::string describe(const Fingerprint& fingerprint) {
    std::string text = "fingerprint   " + hash_text(fingerprint.digest()) + "\n";
    text += "lua           " + fingerprint.lua + "\n";
    text += "layout probe  " + hash_text(fingerprint.layout_probe) + "\n";
    text += "order probe   " + hash_text(fingerprint.order_probe) + "\n";
    text += "math probe    " + hash_text(fingerprint.math_probe) + "\n";
    text += "format        " + std::to_string(fingerprint.format) + "\n";
    text += "mode          " +
            (fingerprint.not_exact.empty() ? "exact" : "canonical only: " + fingerprint.not_exact) +
            "\n";
    return text;
}

std::string explain_difference(const Fingerprint& recorded, const Fingerprint& here) {
    std::string text;
    if (recorded.format != here.format)
        text += "the canonical bytes have format " + std::to_string(here.format) +
                ", recorded: " + std::to_string(recorded.format) + "; hashes cannot be compared\n";
    if (recorded.math_probe != here.math_probe)
        text +=
            "strict math gives other bits (another SLEEF, or a floating-point environment that is "
            "not the default): programs that use math functions will differ\n";
    if (recorded.lua != here.lua)
        text += "Lua is " + here.lua + ", recorded: " + recorded.lua +
                "; programs that keep to canonical operations run alike\n";
    if (recorded.order_probe != here.order_probe)
        text +=
            "tables have another order inside: arena_order() and lists with holes will differ\n";
    if (recorded.layout_probe != here.layout_probe)
        text += "objects take other sizes: limits on memory may end other runs\n";
    if (recorded.not_exact.empty() != here.not_exact.empty())
        text += here.not_exact.empty() ? "recorded without exact mode: " + recorded.not_exact + "\n"
                                       : "no exact mode here: " + here.not_exact + "\n";
    return text;
}

}  // namespace canon
