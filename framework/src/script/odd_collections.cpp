#include "script/odd_collections.hpp"

#include <algorithm>

namespace canon::script {

void OddCollections::begin(std::uint64_t random_key, std::uint64_t random_stream) noexcept {
    // A collection writes to the whole image, so it takes longer than most runs.
    constexpr std::int64_t kRunsForOne = 8;
    random_ = RandomStream(seed_ ^ random_key, random_stream);
    collecting_ = collected_ = under_pressure_ = false;
    // Runs make from no object to very many: moments of each magnitude.
    wait_ = random_.next_integer(1, kRunsForOne) == 1
                ? random_.next_integer(0, 1 << random_.next_integer(0, 8))
                : -1;
}

bool OddCollections::end(bool stopped) noexcept {
    wait_ = -1;
    return !collected_ || !(stopped || under_pressure_);
}

void OddCollections::come_under_pressure() noexcept {
    under_pressure_ = true;
    wait_ = -1;
}

bool OddCollections::is_due() noexcept {
    if (wait_ < 0 || wait_-- > 0) return false;
    wait_ = random_.next_integer(0, 1000);
    return true;
}

void* OddCollections::allocate(void* self, void* block, std::size_t old_size,
                               std::size_t new_size) noexcept {
    OddCollections& odd = *static_cast<OddCollections*>(self);
    const bool is_object = block == nullptr && old_size != 0 && new_size != 0;
    if (is_object && odd.collecting_) {  // Lua asks again: all that was freed since was garbage
        odd.collecting_ = false;
        const std::uint64_t freed = odd.live_before_ - odd.arena_.state().live;
        odd.arena_.set_watermark(odd.arena_.watermark() -
                                 std::min<std::uint64_t>(odd.arena_.watermark(), freed));
    } else if (is_object && odd.is_due()) {
        odd.image_.expect_all();  // the collector writes to every object
        odd.collecting_ = odd.collected_ = true;
        odd.live_before_ = odd.arena_.state().live;
        odd.count_.add();
        return nullptr;
    }
    return odd.arena_.reallocate(block, old_size, new_size);
}

}  // namespace canon::script
