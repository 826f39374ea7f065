#include "script/image.hpp"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <mutex>

#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "core/sanitizers.hpp"

namespace canon::script {
namespace {

constexpr std::size_t kPage = 4096;
constexpr std::size_t kLine = 64;
constexpr std::size_t kMaxImages = 4096;

std::atomic<bool> full_copy_forced{false};

// Some systems for arm64 and ppc64el protect 16 or 64 KiB at a time, and nothing smaller.
bool system_protects_single_pages() noexcept {
    static const bool does = sysconf(_SC_PAGESIZE) <= static_cast<long>(kPage);
    return does;
}

}  // namespace

// Finds the image that a faulting address belongs to. The table is read by the signal handler
// without a lock: a slot is published before its pages are protected and withdrawn after they are
// released.
struct FaultRouter {
    static inline std::atomic<Image*> images[kMaxImages];
    static inline std::atomic<std::size_t> used{0};
    static inline std::mutex mutex;
    static inline struct sigaction previous;

    static void handle(int signal, siginfo_t* info, void* machine_context) {
        const std::size_t count = used.load(std::memory_order_acquire);
        for (std::size_t i = 0; i < count; ++i) {
            Image* image = images[i].load(std::memory_order_acquire);
            if (image != nullptr && image->on_fault(info->si_addr)) return;
        }
        // Not ours: as if we were not here.
        if (previous.sa_flags & SA_SIGINFO) {
            previous.sa_sigaction(signal, info, machine_context);
        } else if (previous.sa_handler == SIG_DFL || previous.sa_handler == SIG_IGN) {
            sigaction(signal, &previous,
                      nullptr);  // the instruction runs again and takes the default
        } else {
            previous.sa_handler(signal);
        }
    }

    static std::size_t add(Image* image) {
        std::lock_guard lock(mutex);
        // Asked each time: a host (or a test framework) may have put its own handler in the place
        // of ours since.
        struct sigaction current {};
        sigaction(SIGSEGV, nullptr, &current);
        if ((current.sa_flags & SA_SIGINFO) == 0 || current.sa_sigaction != handle) {
            struct sigaction action {};
            action.sa_sigaction = handle;
            action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_RESTART;
            sigemptyset(&action.sa_mask);
            previous = current;
            if (sigaction(SIGSEGV, &action, nullptr) != 0)
                throw MachineError("cannot install the handler for page faults of Lua images");
        }
        for (std::size_t i = 0; i < kMaxImages; ++i)
            if (images[i].load(std::memory_order_relaxed) == nullptr) {
                images[i].store(image, std::memory_order_release);
                if (i >= used.load(std::memory_order_relaxed))
                    used.store(i + 1, std::memory_order_release);
                return i;
            }
        throw MachineError("more than 4096 VMs in one process");
    }

    static void remove(std::size_t slot) noexcept {
        std::lock_guard lock(mutex);
        images[slot].store(nullptr, std::memory_order_release);
    }
};

Image::Image(Arena& arena) : arena_(arena) {}

Image::~Image() {
    if (!guarded_) return;
    mprotect(arena_.base(), bytes_.size(), PROT_READ | PROT_WRITE);
    FaultRouter::remove(slot_);
}

bool Image::catches_faults() noexcept {
    if (kAddressSanitizer || kThreadSanitizer) return false;
    return system_protects_single_pages() && !full_copy_forced.load(std::memory_order_relaxed);
}

void Image::force_full_copy(bool force) noexcept { full_copy_forced = force; }

void Image::take() {
    arena_.seal();
    state_ = arena_.state();
    bytes_.assign(arena_.base(), arena_.base() + state_.top);
    if (!catches_faults()) return;
    hot_ = std::make_unique<std::uint32_t[]>(bytes_.size() / kPage);
    slot_ = FaultRouter::add(this);
    guarded_ = true;
    mprotect(arena_.base(), bytes_.size(), PROT_READ);
}

bool Image::on_fault(const void* address) noexcept {
    const auto offset = static_cast<std::size_t>(static_cast<const char*>(address) - arena_.base());
    if (offset >= bytes_.size()) return false;
    const std::size_t page = offset / kPage;
    if (mprotect(arena_.base() + page * kPage, kPage, PROT_READ | PROT_WRITE) != 0) return false;
    hot_[hot_count_.value()] = static_cast<std::uint32_t>(page);
    hot_count_.add();
    return true;
}

void Image::expect_all() noexcept {
    if (!guarded_ || all_written_) return;
    all_written_ = true;
    mprotect(arena_.base(), bytes_.size(), PROT_READ | PROT_WRITE);
}

void Image::restore() noexcept {
    const std::size_t hot = hot_pages();
    if (guarded_ && !all_written_) [[likely]] {
        for (std::size_t i = 0; i < hot; ++i) {
            const std::size_t offset = std::size_t{hot_[i]} * kPage;
            std::memcpy(arena_.base() + offset, bytes_.data() + offset, kPage);
        }
    } else {
        std::memcpy(arena_.base(), bytes_.data(), bytes_.size());
        if (guarded_) {
            all_written_ = false;
            mprotect(arena_.base(), bytes_.size(), PROT_READ);
            for (std::size_t i = 0; i < hot; ++i)
                mprotect(arena_.base() + std::size_t{hot_[i]} * kPage, kPage,
                         PROT_READ | PROT_WRITE);
        }
    }
    arena_.rewind(state_);
}

void Image::suspend(Suspended& out) const {
    out.bytes.clear();
    out.state = arena_.state();
    out.all_pages = all_written_;
    out.lists.resize(2 * Arena::kClasses);
    out.lists.resize(2 * arena_.save_lists(out.lists.data()));
    const auto save_page = [&](std::size_t page) {
        for (std::size_t offset = page * kPage; offset < (page + 1) * kPage; offset += kLine)
            if (std::memcmp(arena_.base() + offset, bytes_.data() + offset, kLine) != 0) {
                const auto at = static_cast<std::uint32_t>(offset);
                out.bytes.append(&at, sizeof at);
                out.bytes.append(arena_.base() + offset, kLine);
            }
    };
    if (guarded_ && !all_written_)
        for (std::size_t i = 0; i < hot_pages(); ++i) save_page(hot_[i]);
    else
        for (std::size_t page = 0; page < bytes_.size() / kPage; ++page) save_page(page);
    const std::uint32_t end = ~std::uint32_t{0};
    out.bytes.append(&end, sizeof end);
    out.bytes.append(arena_.base() + bytes_.size(), out.state.top - bytes_.size());
}

void Image::resume(const Suspended& suspended) noexcept {
    restore();
    if (suspended.all_pages) expect_all();
    const std::uint8_t* at = suspended.bytes.data();
    for (;;) {
        std::uint32_t offset;
        std::memcpy(&offset, at, sizeof offset);
        at += sizeof offset;
        if (offset == ~std::uint32_t{0}) break;
        std::memcpy(arena_.base() + offset, at, kLine);
        at += kLine;
    }
    std::memcpy(arena_.base() + bytes_.size(), at, suspended.state.top - bytes_.size());
    arena_.load_lists(suspended.state, suspended.lists.data(), suspended.lists.size() / 2);
}

std::uint64_t Image::digest(std::initializer_list<const void*> owners) const {
    constexpr std::uintptr_t kStackReach = 8 << 20;
    const auto stack_begin = reinterpret_cast<std::uintptr_t>(&owners) - kStackReach;
    std::vector<std::uint64_t> words(bytes_.size() / 8);
    std::memcpy(words.data(), bytes_.data(), words.size() * 8);
    for (auto& word : words) {
        for (const void* const& owner : owners)
            if (word == reinterpret_cast<std::uintptr_t>(owner))
                word = static_cast<std::uint64_t>(&owner - owners.begin());
        // Of an address the lower half, which within the arena is its offset. Upper halves alone
        // also stay behind in the padding of what was allocated next. Buffers on the C stack leave
        // addresses in dead slots of the Lua stack.
        if (word - stack_begin < 2 * kStackReach) word = 0;
        if (word >> 48 == 0) word &= 0xFFFFFFFFu;
    }
    return hash_bytes({reinterpret_cast<const std::uint8_t*>(words.data()), words.size() * 8});
}

bool Image::pristine() const noexcept {
    return std::memcmp(arena_.base(), bytes_.data(), bytes_.size()) == 0;
}

}  // namespace canon::script
