#include "script/arena.hpp"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "canon/error.hpp"

#ifndef MAP_FIXED_NOREPLACE
#define MAP_FIXED_NOREPLACE 0x100000
#endif

namespace canon::script {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::uintptr_t kAlignment = std::uintptr_t{1} << 32;

char* map_at(std::uintptr_t at, std::size_t size) {
    void* wanted = reinterpret_cast<void*>(at);
    void* got = mmap(wanted, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (got == wanted) return static_cast<char*>(got);
    if (got != MAP_FAILED) munmap(got, size);  // a kernel that takes the address for a hint
    return nullptr;
}

// Walks down, then up, from where the system itself would map, since that region is open to
// programs under sanitizers and emulators too. Maps no more than is needed: a large reservation
// fails under a limit of address space.
char* map_aligned(std::size_t size) {
    constexpr std::uintptr_t kTries = 4096;
    void* hint =
        mmap(nullptr, kPage, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (hint == MAP_FAILED) return nullptr;
    munmap(hint, kPage);
    const std::uintptr_t middle = reinterpret_cast<std::uintptr_t>(hint) / kAlignment;
    for (std::uintptr_t i = middle; i > 0 && middle - i < kTries; --i)
        if (char* base = map_at(i * kAlignment, size)) return base;
    for (std::uintptr_t i = middle + 1; i - middle <= kTries; ++i)
        if (char* base = map_at(i * kAlignment, size)) return base;
    return nullptr;
}

}  // namespace

Arena::Arena(std::size_t limit_bytes, Pressure pressure, void* owner, std::size_t phase_bytes)
    : capacity_((std::max<std::size_t>(limit_bytes, 1 << 20) * 4 + kPage - 1) & ~(kPage - 1)),
      watermark_(limit_bytes),
      limit_(limit_bytes),
      pressure_(pressure),
      owner_(owner) {
    state_.top = phase_bytes;
    if (capacity_ >= kAlignment)
        throw Error("a memory limit of more than 1 GiB for one VM is not supported");
    base_ = map_aligned(capacity_);
    if (base_ == nullptr)
        throw MachineError(
            "cannot map " + std::to_string(capacity_ >> 20) +
            " MiB for a VM at a multiple of 4 GiB; is the address space limited (ulimit -v)? "
            "Fewer workers or a lower memory limit need less");
}

Arena::~Arena() { munmap(base_, capacity_); }

std::size_t Arena::class_of(std::size_t size) noexcept {
    if (size <= kSmallClasses * 16) return (size + 15) / 16 - 1;
    const std::size_t rank = std::bit_width(size - 1) - 1;  // 2^rank < size <= 2^(rank + 1)
    const std::size_t quarter = (size - 1) >> (rank - 2) & 3;
    return kSmallClasses + (rank - 10) * 4 + quarter;
}

std::size_t Arena::class_size(std::size_t index) noexcept {
    if (index < kSmallClasses) return (index + 1) * 16;
    const std::size_t step = index - kSmallClasses;
    return (5 + step % 4) << (step / 4 + 8);
}

void* Arena::take(std::size_t index) noexcept {
    if (void* block = lists_[index]) {
        std::memcpy(&lists_[index], block, sizeof(void*));
        return block;
    }
    const std::size_t size = class_size(index);
    if (!sealed_)
        if (void* block = carve(size)) return block;
    if (state_.top + size > capacity_) return take_larger(index);
    void* block = base_ + state_.top;
    state_.top += size;
    return block;
}

// While the program loads, tables that grow leave large holes behind, which would make the image
// larger than what is in it: they are cut up for what comes. Runs do without, since their memory
// ends with them.
void* Arena::carve(std::size_t size) noexcept {
    constexpr std::size_t kLeastHole = 2048;
    if (carved_left_ < size) {
        std::size_t hole = kClasses;
        while (hole > 0 && (lists_[hole - 1] == nullptr)) --hole;
        if (hole == 0 || class_size(hole - 1) < std::max(size, kLeastHole)) return nullptr;
        --hole;
        carved_ = static_cast<char*>(lists_[hole]);
        carved_left_ = class_size(hole);
        std::memcpy(&lists_[hole], carved_, sizeof(void*));
    }
    void* block = carved_;
    carved_ += size;
    carved_left_ -= size;
    return block;
}

// The top has reached the end: any free block that is large enough, from the smallest class up.
void* Arena::take_larger(std::size_t index) noexcept {
    for (std::size_t larger = index + 1; larger < kClasses; ++larger)
        if (void* block = lists_[larger]) {
            std::memcpy(&lists_[larger], block, sizeof(void*));
            return block;
        }
    return nullptr;
}

void Arena::give(void* block, std::size_t index) noexcept {
    std::memcpy(block, &lists_[index], sizeof(void*));
    lists_[index] = block;
    state_.used_classes[index / 64] |= std::uint64_t{1} << (index % 64);
}

bool Arena::admit(std::size_t growth) noexcept {
    if (state_.live + growth <= watermark_) [[likely]]
        return true;
    const bool refused = state_.live + growth > limit_;
    pressure_(owner_, refused);
    return !refused;
}

void* Arena::reallocate(void* block, std::size_t old_size, std::size_t new_size) noexcept {
    if (block == nullptr) {
        if (new_size == 0 || !admit(new_size)) return nullptr;
        block = take(class_of(new_size));
        if (block == nullptr) {
            pressure_(owner_, true);
            return nullptr;
        }
        state_.live += new_size;
        state_.peak = std::max(state_.peak, state_.live);
        return block;
    }
    const std::size_t old_class = class_of(old_size);
    if (new_size == 0) {
        give(block, old_class);
        state_.live -= old_size;
        return nullptr;
    }
    if (new_size > old_size && !admit(new_size - old_size)) return nullptr;
    const std::size_t new_class = class_of(new_size);
    void* result = block;
    if (new_class > old_class) {
        const std::size_t offset = static_cast<std::size_t>(static_cast<char*>(block) - base_);
        if (offset + class_size(old_class) == state_.top &&
            offset + class_size(new_class) <= capacity_) {
            state_.top = offset + class_size(new_class);  // the last block grows where it is
        } else {
            result = take(new_class);
            if (result == nullptr) {
                pressure_(owner_, true);
                return nullptr;
            }
            std::memcpy(result, block, old_size);
            give(block, old_class);
        }
    } else if (new_class < old_class) {
        // Lua relies on shrinking never to fail. The tail becomes a block of its own where it is
        // one of a small class; otherwise it is idle until the run ends.
        const std::size_t tail = class_size(old_class) - class_size(new_class);
        if (tail <= kSmallClasses * 16)
            give(static_cast<char*>(block) + class_size(new_class), class_of(tail));
    }
    state_.live += new_size - old_size;
    state_.peak = std::max(state_.peak, state_.live);
    return result;
}

void Arena::set_aside() noexcept {
    aside_begin_ = state_.top;
    state_.top = (state_.top + kPage - 1) & ~(kPage - 1);
}

void Arena::use_set_aside() noexcept {
    carved_ = base_ + aside_begin_;
    carved_left_ = (0 - aside_begin_) & (kPage - 1);
}

void Arena::seal() noexcept {
    State sealed = state_;
    sealed.top = (sealed.top + kPage - 1) & ~(kPage - 1);
    sealed.peak = sealed.live;
    sealed_ = true;
    std::fill(std::begin(sealed.used_classes), std::end(sealed.used_classes), ~std::uint64_t{0});
    state_ = sealed;
    for (auto& word : sealed.used_classes) word = 0;
    rewind(sealed);
}

void Arena::rewind(const State& state) noexcept {
    for (std::size_t word = 0; word < std::size(state_.used_classes); ++word)
        for (std::uint64_t bits = state_.used_classes[word]; bits != 0; bits &= bits - 1) {
            const std::size_t index = word * 64 + static_cast<std::size_t>(std::countr_zero(bits));
            if (index < kClasses) lists_[index] = nullptr;
        }
    state_ = state;
}

std::size_t Arena::save_lists(std::uint32_t* classes_and_offsets) const noexcept {
    std::size_t count = 0;
    for (std::size_t index = 0; index < kClasses; ++index)
        if (lists_[index] != nullptr) {
            classes_and_offsets[2 * count] = static_cast<std::uint32_t>(index);
            classes_and_offsets[2 * count + 1] =
                static_cast<std::uint32_t>(static_cast<char*>(lists_[index]) - base_);
            ++count;
        }
    return count;
}

void Arena::load_lists(const State& state, const std::uint32_t* classes_and_offsets,
                       std::size_t count) noexcept {
    state_ = state;
    for (std::size_t i = 0; i < count; ++i)
        lists_[classes_and_offsets[2 * i]] = base_ + classes_and_offsets[2 * i + 1];
}

void Arena::trim(std::size_t offset) noexcept {
    // Of the largest pages that a system has: from the middle of one nothing is given back.
    constexpr std::size_t kLargestPage = 64 << 10;
    offset = (offset + kLargestPage - 1) & ~(kLargestPage - 1);
    if (offset < capacity_) madvise(base_ + offset, capacity_ - offset, MADV_DONTNEED);
}

}  // namespace canon::script
