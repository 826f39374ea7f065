// The fuzzer: libFuzzer's entry points around one target, named by --target=NAME.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <string>

#include "fuzz/support/target.hpp"

namespace {

const canon::fuzz::Target* chosen = nullptr;

}  // namespace

extern "C" int LLVMFuzzerInitialize(int* count, char*** arguments) {
    constexpr const char* kOption = "--target=";  // libFuzzer leaves alone what begins with --
    for (int i = 1; i < *count; ++i) {
        const char* argument = (*arguments)[i];
        if (std::strncmp(argument, kOption, std::strlen(kOption)) == 0)
            chosen = canon::fuzz::Target::find(argument + std::strlen(kOption));
    }
    if (chosen != nullptr) return 0;
    std::fprintf(stderr, "expected --target=NAME with one of these names:\n");
    for (const auto* target = canon::fuzz::Target::first(); target; target = target->next())
        std::fprintf(stderr, "  %-10s %s\n", target->name(), target->subject());
    std::exit(2);
}

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    try {
        chosen->run({data, size});
    } catch (const std::exception& broken) {
        std::fprintf(stderr, "FINDING in %s: %s\n", chosen->name(), broken.what());
        std::abort();
    }
    return 0;
}
