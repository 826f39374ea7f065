#include "fuzz/support/target.hpp"

namespace canon::fuzz {
namespace {

// Set before any constructor of another file runs.
constinit const Target* registered = nullptr;

}  // namespace

void expect(bool kept, const std::string& promise) {
    if (!kept) throw Finding(promise);
}

Target::Target(const char* name, const char* subject, void (*run)(Input))
    : name_(name), subject_(subject), run_(run), next_(registered) {
    registered = this;
}

const Target* Target::first() noexcept { return registered; }

const Target* Target::find(const std::string& name) noexcept {
    for (const Target* target = registered; target != nullptr; target = target->next())
        if (target->name() == name) return target;
    return nullptr;
}

}  // namespace canon::fuzz
