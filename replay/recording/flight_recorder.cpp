#include "recording/flight_recorder.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>

#include "canon/error.hpp"
#include "container/chunk_reader.hpp"

namespace canon::replay {
namespace {

constexpr std::size_t kLeastBytes = 64u << 10;

// What the signal handler needs; it runs at any time.
std::atomic<RingSink*> latest_ring{nullptr};
std::array<char, 4096> fatal_path{};

void on_fatal_signal(int number) {
    const int kept_errno = errno;
    if (RingSink* ring = latest_ring.exchange(nullptr)) {
        const int file = ::open(fatal_path.data(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        if (file >= 0) {
            ring->write_in_signal(file);
            ::close(file);
        }
    }
    errno = kept_errno;
    // As if nobody had listened. Whoever was installed later may have called this one.
    std::signal(number, SIG_DFL);
    ::raise(number);
}

}  // namespace

RingSink::RingSink(std::size_t bytes) : ring_(std::max(bytes, kLeastBytes)) {}

// Gives up whole stretches from the oldest on; the begin is then a META, or the end.
void RingSink::make_room(std::size_t bytes) {
    std::uint64_t begin = begin_.load(std::memory_order_relaxed);
    const std::uint64_t end = end_.load(std::memory_order_relaxed);
    while (end - begin + bytes > ring_.size() && !marks_.empty()) {
        marks_.pop_front();
        while (!marks_.empty() && !marks_.front().is_start) marks_.pop_front();
        begin = marks_.empty() ? end : marks_.front().offset;
    }
    begin_.store(begin, std::memory_order_release);
    if (begin == end) skips_ = true;
}

void RingSink::write(std::span<const std::uint8_t> bytes) {
    const auto header = read_header(bytes);
    if (!header || is_bookkeeping(header->kind)) return;
    const std::lock_guard lock(mutex_);
    if (is_frozen_.load(std::memory_order_acquire)) return;
    const bool is_start = header->kind == ChunkKind::meta;
    if (bytes.size() > ring_.size()) {
        make_room(ring_.size() + 1);
        return;
    }
    make_room(bytes.size());
    if (skips_ && !is_start) return;
    skips_ = false;
    const std::uint64_t end = end_.load(std::memory_order_relaxed);
    const std::size_t at = static_cast<std::size_t>(end % ring_.size());
    const std::size_t first = std::min(bytes.size(), ring_.size() - at);
    std::memcpy(ring_.data() + at, bytes.data(), first);
    std::memcpy(ring_.data(), bytes.data() + first, bytes.size() - first);
    marks_.push_back({end, is_start});
    end_.store(end + bytes.size(), std::memory_order_release);
}

Bytes RingSink::content() const {
    const std::lock_guard lock(mutex_);
    Bytes out;
    std::uint64_t at = begin_.load(std::memory_order_relaxed);
    const std::uint64_t end = end_.load(std::memory_order_relaxed);
    while (at < end) {
        const std::size_t place = static_cast<std::size_t>(at % ring_.size());
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(end - at, ring_.size() - place));
        out.append(ring_.data() + place, count);
        at += count;
    }
    return out;
}

bool RingSink::write_in_signal(int descriptor) noexcept {
    is_frozen_.store(true, std::memory_order_release);
    std::uint64_t at = begin_.load(std::memory_order_acquire);
    const std::uint64_t end = end_.load(std::memory_order_acquire);
    while (at < end) {
        const std::size_t place = static_cast<std::size_t>(at % ring_.size());
        const auto count =
            static_cast<std::size_t>(std::min<std::uint64_t>(end - at, ring_.size() - place));
        const ssize_t written = ::write(descriptor, ring_.data() + place, count);
        if (written < 0 && errno == EINTR) continue;
        if (written <= 0) return false;
        at += static_cast<std::uint64_t>(written);
    }
    return true;
}

FlightRecorder::FlightRecorder(Simulation& simulation, const Simulation::Host& host,
                               FlightOptions options)
    : ring_(options.bytes) {
    RecorderOptions& settings = options.recorder;
    // Several stretches fit the ring, so that giving one up leaves some.
    settings.keyframe_bytes =
        std::min(settings.keyframe_bytes, std::max(options.bytes, kLeastBytes) / 4);
    settings.seal_bytes = std::min(settings.seal_bytes, std::max(options.bytes, kLeastBytes) / 8);
    recorder_ = std::make_unique<Recorder>(simulation, host, ring_, settings);
    latest_ring.store(&ring_);
}

FlightRecorder::~FlightRecorder() {
    RingSink* mine = &ring_;
    latest_ring.compare_exchange_strong(mine, nullptr);
}

std::uint64_t FlightRecorder::write(Sink& sink) {
    recorder_->flush();
    const Bytes bytes = ring_.content();
    if (bytes.empty()) return 0;
    MemorySource source(bytes.view(), "flight recorder");
    ChunkReader reader(source);
    std::optional<ChunkWriter> writer;
    while (reader.next() == Found::chunk) {
        const ChunkHeader& header = reader.chunk().header;
        if (!writer) writer.emplace(sink, header.segment);
        writer->copy(header, reader.stored());
    }
    if (!writer) return 0;
    writer->close(true);
    sink.sync();
    return writer->bytes_written();
}

void FlightRecorder::write_on_fatal_signals(const std::string& path) {
    if (path.size() + 1 > fatal_path.size())
        throw Error("the path of the flight recording is longer than " +
                    std::to_string(fatal_path.size() - 1) + " bytes: " + path);
    std::memcpy(fatal_path.data(), path.c_str(), path.size() + 1);
    for (const int number : {SIGABRT, SIGBUS, SIGFPE, SIGILL, SIGSEGV}) {
        struct sigaction before {};
        sigaction(number, nullptr, &before);
        // A simulation has its own for faults of its arenas, and passes on what is not its.
        if (before.sa_handler != SIG_DFL) continue;
        struct sigaction action {};
        action.sa_handler = on_fatal_signal;
        action.sa_flags = SA_RESETHAND | SA_NODEFER;
        sigaction(number, &action, nullptr);
    }
}

}  // namespace canon::replay
