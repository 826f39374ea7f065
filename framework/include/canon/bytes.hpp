// Canonical bytes: the one encoding of values for actions, inputs, hashes, snapshots and network.
//
// - varint: 7 bits a byte, low bits first, high bit set on all but the last; at most 10 bytes,
//   shortest form only
// - zigzag: varint of (n << 1) ^ (n >> 63)
// - value: a tag byte, then what it says
//   - 0 nil, 1 false, 2 true: nothing
//   - 3 integer: zigzag
//   - 4 float: 8 bytes, little endian, every NaN the canonical one
//   - 5 string: varint length, bytes
//   - 6 list: varint count, values
//   - 7 map: varint count, then pairs of key (a value of tag 3 or 5) and value, sorted by key
//
// Each value has one encoding; a reader refuses any other (a longer varint, another NaN, unsorted
// or repeated keys, a nil in a map, a map that is empty or whose keys are just 1..n), so equal
// bytes and equal values are the same thing.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory_resource>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "canon/error.hpp"
#include "canon/value.hpp"

namespace canon {

/// A growing run of bytes. Keeps its memory when cleared, so that a steady state allocates nothing.
class Bytes {
  public:
    Bytes() = default;
    /// From `memory`, which outlives it; null: from the heap. A copy's memory is from the heap.
    explicit Bytes(std::pmr::memory_resource* memory) noexcept : memory_(memory) {}
    Bytes(const Bytes& other) { append(other.view()); }
    Bytes(Bytes&& other) noexcept { swap(other); }
    Bytes& operator=(const Bytes& other) {
        if (this != &other) {
            clear();
            append(other.view());
        }
        return *this;
    }
    Bytes& operator=(Bytes&& other) noexcept {
        swap(other);
        return *this;
    }
    ~Bytes();

    std::size_t size() const noexcept { return size_; }
    bool empty() const noexcept { return size_ == 0; }
    const std::uint8_t* data() const noexcept { return data_; }
    std::uint8_t* data() noexcept { return data_; }
    std::span<const std::uint8_t> view() const noexcept { return {data_, size_}; }
    std::span<const std::uint8_t> view(std::size_t begin, std::size_t end) const noexcept {
        return {data_ + begin, end - begin};
    }
    void clear() noexcept { size_ = 0; }
    /// Drops what lies behind `size`.
    void truncate(std::size_t size) noexcept { size_ = size < size_ ? size : size_; }

    /// Borrows: `bytes` must not lie in this buffer, which may move.
    void append(std::span<const std::uint8_t> bytes) { append(bytes.data(), bytes.size()); }
    void append(const void* bytes, std::size_t count) {
        if (count == 0) return;
        std::memcpy(extend(count), bytes, count);
    }
    void put(std::uint8_t byte) { *extend(1) = byte; }
    void put_varint(std::uint64_t number) {
        if (number < 0x80) return put(static_cast<std::uint8_t>(number));
        std::uint8_t* out = extend(10);
        std::size_t used = 0;
        while (number >= 0x80) {
            out[used++] = static_cast<std::uint8_t>(number) | 0x80;
            number >>= 7;
        }
        out[used++] = static_cast<std::uint8_t>(number);
        size_ -= 10 - used;
    }
    void put_zigzag(std::int64_t number) {
        put_varint((static_cast<std::uint64_t>(number) << 1) ^
                   static_cast<std::uint64_t>(number >> 63));
    }
    void put_float(double number) {
        number = canonical(number);
        append(&number, sizeof number);
    }
    void put_string(std::string_view text) {
        put_varint(text.size());
        append(text.data(), text.size());
    }

    void swap(Bytes& other) noexcept {
        std::swap(data_, other.data_);
        std::swap(size_, other.size_);
        std::swap(capacity_, other.capacity_);
        std::swap(memory_, other.memory_);
    }

  private:
    std::uint8_t* extend(std::size_t count) {
        if (count > capacity_ - size_) grow(count);
        std::uint8_t* out = data_ + size_;
        size_ += count;
        return out;
    }
    void grow(std::size_t count);

    std::uint8_t* data_ = nullptr;
    std::size_t size_ = 0;
    std::size_t capacity_ = 0;
    std::pmr::memory_resource* memory_ = nullptr;
};

enum class Tag : std::uint8_t { nil, no, yes, integer, number, string, list, map };

/// How many lists and maps may lie within each other, the outermost counted, in canonical bytes and
/// in script tables that become such. So a list at depth 99 may hold no list: recursion over values
/// that a peer sent ends.
inline constexpr int kMaxDepth = 100;

/// Reads canonical bytes that nobody vouches for: every length is checked against what is left
/// before anything grows. The plain functions return false (and stay failed) at the first malformed
/// byte; `fail_text` says what and where. What they would have set is unspecified then.
class ByteReader {
  public:
    explicit ByteReader(std::span<const std::uint8_t> bytes) noexcept
        : begin_(bytes.data()), at_(bytes.data()), end_(bytes.data() + bytes.size()) {}

    std::size_t left() const noexcept { return static_cast<std::size_t>(end_ - at_); }
    std::size_t offset() const noexcept { return static_cast<std::size_t>(at_ - begin_); }
    const std::uint8_t* position() const noexcept { return at_; }
    bool failed() const noexcept { return why_ != nullptr; }
    /// Null until something failed. Lives for ever: always a literal.
    const char* why() const noexcept { return why_; }
    /// "malformed bytes at offset 17: truncated".
    std::string fail_text() const;

    bool byte(std::uint8_t& out) noexcept {
        if (at_ == end_) return fail("truncated");
        out = *at_++;
        return true;
    }
    bool varint(std::uint64_t& out) noexcept {
        if (at_ != end_ && *at_ < 0x80) {
            out = *at_++;
            return true;
        }
        return long_varint(out);
    }
    /// Of 32 bits at most.
    bool varint32(std::uint32_t& out) noexcept {
        std::uint64_t number;
        if (!varint(number)) return false;
        if (number > 0xFFFFFFFFu) return fail("a number beyond 32 bits");
        out = static_cast<std::uint32_t>(number);
        return true;
    }
    bool zigzag(std::int64_t& out) noexcept {
        std::uint64_t raw;
        if (!varint(raw)) return false;
        out = static_cast<std::int64_t>(raw >> 1) ^ -static_cast<std::int64_t>(raw & 1);
        return true;
    }
    /// Refuses a NaN that is not the canonical one.
    bool number(double& out) noexcept;
    /// The text lies in the bytes that are read; it is valid as long as they are.
    bool string(std::string_view& out) noexcept;
    /// A count of things that take at least `least_bytes` each (never 0), checked against what is
    /// left.
    bool count(std::uint64_t& out, std::size_t least_bytes = 1) noexcept;
    bool raw(void* out, std::size_t count) noexcept;
    bool skip(std::size_t count) noexcept;
    /// Steps over one whole value, checking its form.
    bool skip_value(int depth = 0) noexcept;
    /// Also for those who read on top of this and find what they read wrong. `why` must be a
    /// literal.
    bool fail(const char* why) noexcept {
        if (why_ == nullptr) why_ = why;
        end_ = at_;  // nothing is left, so that every later read fails without a check of its own
        return false;
    }

  private:
    bool long_varint(std::uint64_t& out) noexcept;

    const std::uint8_t* begin_;
    const std::uint8_t* at_;
    const std::uint8_t* end_;
    const char* why_ = nullptr;
};

/// Fails: throws canon::Error where `value` nests deeper than kMaxDepth, leaving `out` as it was.
void write_value(Bytes& out, const Value& value);
/// Fails: false, with the reader's `why`, leaving `out` nil. `depth` counts the lists and maps
/// around this value.
bool read_value(ByteReader& in, Value& out, int depth = 0);
/// Fails: throws canon::Error naming the offset where `bytes` are not one canonical value.
Value value_from_bytes(std::span<const std::uint8_t> bytes);

}  // namespace canon
