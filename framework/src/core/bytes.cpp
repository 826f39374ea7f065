#include "canon/bytes.hpp"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace canon {
namespace {

constexpr std::size_t kFirstCapacity = 64;

// A count is believed only as far as this; what lies beyond is paid for by bytes that were really
// there. Otherwise lists nested 100 deep, each claiming all the bytes left, would reserve thousands
// of times what was sent.
constexpr std::size_t kReserveAtMost = 256;

constexpr std::size_t kLeastEntryBytes =
    3;  // a key has a tag and a length or number, its value a tag

constexpr const char* kTooDeep = "lists and maps nest too deeply";

void put_tag(Bytes& out, Tag tag) { out.put(static_cast<std::uint8_t>(tag)); }

void write_integer(Bytes& out, std::int64_t number) {
    put_tag(out, Tag::integer);
    out.put_zigzag(number);
}

void write_string(Bytes& out, std::string_view text) {
    put_tag(out, Tag::string);
    out.put_string(text);
}

void write_container_count(Bytes& out, Tag tag, std::size_t count, int depth) {
    if (depth >= kMaxDepth)
        throw Error("lists and maps nest more than " + std::to_string(kMaxDepth) + " deep");
    put_tag(out, tag);
    out.put_varint(count);
}

void write_at_depth(Bytes& out, const Value& value, int depth) {
    switch (value.type()) {
        case Value::Type::nil:
            return put_tag(out, Tag::nil);
        case Value::Type::boolean:
            return put_tag(out, value.as_boolean() ? Tag::yes : Tag::no);
        case Value::Type::integer:
            return write_integer(out, value.as_integer());
        case Value::Type::number:
            put_tag(out, Tag::number);
            return out.put_float(value.as_number());
        case Value::Type::string:
            return write_string(out, value.as_string());
        case Value::Type::list:
            write_container_count(out, Tag::list, value.as_list().size(), depth);
            for (const Value& element : value.as_list()) write_at_depth(out, element, depth + 1);
            return;
        case Value::Type::map:
            write_container_count(out, Tag::map, value.as_map().size(), depth);
            for (const auto& [key, entry] : value.as_map()) {
                if (key.is_integer())
                    write_integer(out, key.as_integer());
                else
                    write_string(out, key.as_string());
                write_at_depth(out, entry, depth + 1);
            }
            return;
    }
}

// A key that is read, its text still in the bytes.
struct KeyView {
    bool is_integer = true;
    std::int64_t number = 0;
    std::string_view text;

    friend bool operator<(const KeyView& a, const KeyView& b) {
        if (a.is_integer != b.is_integer) return a.is_integer;
        return a.is_integer ? a.number < b.number : a.text < b.text;
    }
};

bool read_key(ByteReader& in, KeyView& out) {
    std::uint8_t tag;
    if (!in.byte(tag)) return false;
    out.is_integer = tag == static_cast<std::uint8_t>(Tag::integer);
    if (out.is_integer) return in.zigzag(out.number);
    if (tag == static_cast<std::uint8_t>(Tag::string)) return in.string(out.text);
    return in.fail("a map's key is neither integer nor string");
}

// Reads the entries' keys and leaves each value to `read_entry(key)`: the one place that knows a
// canonical map.
template <class ReadEntry>
bool read_map(ByteReader& in, ReadEntry read_entry) {
    std::uint64_t count;
    if (!in.count(count, kLeastEntryBytes)) return false;
    if (count == 0) return in.fail("an empty map, which must be an empty list");
    bool starts_as_list = false;
    KeyView last;
    for (std::uint64_t i = 0; i < count; ++i) {
        KeyView key;
        if (!read_key(in, key)) return false;
        if (i == 0)
            starts_as_list = key.is_integer && key.number == 1;
        else if (!(last < key))
            return in.fail("a map's keys are not in ascending order");
        if (in.left() != 0 && *in.position() == static_cast<std::uint8_t>(Tag::nil))
            return in.fail("a nil in a map");
        if (!read_entry(key)) return false;
        last = key;
    }
    if (starts_as_list && last.is_integer && last.number == static_cast<std::int64_t>(count))
        return in.fail("a map with the keys of a list, which must be a list");
    return true;
}

bool read_list_into(ByteReader& in, Value& out, int depth) {
    std::uint64_t count;
    if (!in.count(count)) return false;
    List list;
    list.reserve(std::min<std::size_t>(count, kReserveAtMost));
    for (std::uint64_t i = 0; i < count; ++i) {
        Value element;
        if (!read_value(in, element, depth + 1)) return false;
        list.push_back(std::move(element));
    }
    out = std::move(list);
    return true;
}

bool read_map_into(ByteReader& in, Value& out, int depth) {
    Map map;
    const bool good = read_map(in, [&](const KeyView& key) {
        Value entry;
        if (!read_value(in, entry, depth + 1)) return false;
        map.set(key.is_integer ? Key(key.number) : Key(key.text), std::move(entry));
        return true;
    });
    if (good) out = std::move(map);
    return good;
}

}  // namespace

Bytes::~Bytes() {
    if (memory_ == nullptr)
        std::free(data_);
    else if (data_ != nullptr)
        memory_->deallocate(data_, capacity_, 1);
}

void Bytes::grow(std::size_t count) {
    if (count > SIZE_MAX / 2 - size_) throw std::bad_alloc();
    const std::size_t capacity = std::max({kFirstCapacity, capacity_ * 2, size_ + count});
    void* moved;
    if (memory_ == nullptr) {
        moved = std::realloc(data_, capacity);
        if (moved == nullptr) throw std::bad_alloc();
    } else {
        moved = memory_->allocate(capacity, 1);
        if (size_ != 0) std::memcpy(moved, data_, size_);
        if (data_ != nullptr) memory_->deallocate(data_, capacity_, 1);
    }
    data_ = static_cast<std::uint8_t*>(moved);
    capacity_ = capacity;
}

bool ByteReader::long_varint(std::uint64_t& out) noexcept {
    std::uint64_t number = 0;
    for (int shift = 0; shift < 64; shift += 7) {
        std::uint8_t next;
        if (!byte(next)) return false;
        if (shift == 63 && next > 1) return fail("a varint beyond 64 bits");
        number |= static_cast<std::uint64_t>(next & 0x7F) << shift;
        if (next < 0x80) {
            if (next == 0 && shift > 0) return fail("a varint that is not the shortest");
            out = number;
            return true;
        }
    }
    return fail("a varint beyond 64 bits");
}

bool ByteReader::number(double& out) noexcept {
    std::uint64_t bits;
    if (!raw(&bits, sizeof bits)) return false;
    out = std::bit_cast<double>(bits);
    if (out != out && bits != std::bit_cast<std::uint64_t>(canonical_nan()))
        return fail("a NaN that is not the canonical one");
    return true;
}

bool ByteReader::string(std::string_view& out) noexcept {
    std::uint64_t length;
    if (!count(length)) return false;
    out = {reinterpret_cast<const char*>(at_), static_cast<std::size_t>(length)};
    at_ += length;
    return true;
}

bool ByteReader::count(std::uint64_t& out, std::size_t least_bytes) noexcept {
    if (!varint(out)) return false;
    if (out > left() / least_bytes) return fail("a length or count beyond the bytes left");
    return true;
}

bool ByteReader::raw(void* out, std::size_t count) noexcept {
    if (failed() || count > left()) return fail("truncated");
    if (count != 0) std::memcpy(out, at_, count);
    at_ += count;
    return true;
}

bool ByteReader::skip(std::size_t count) noexcept {
    if (failed() || count > left()) return fail("truncated");
    at_ += count;
    return true;
}

bool ByteReader::skip_value(int depth) noexcept {
    std::uint8_t tag;
    if (!byte(tag)) return false;
    switch (static_cast<Tag>(tag)) {
        case Tag::nil:
        case Tag::no:
        case Tag::yes:
            return true;
        case Tag::integer: {
            std::uint64_t ignored;
            return varint(ignored);
        }
        case Tag::number: {
            double ignored;
            return number(ignored);
        }
        case Tag::string: {
            std::string_view ignored;
            return string(ignored);
        }
        case Tag::list: {
            if (depth >= kMaxDepth) return fail(kTooDeep);
            std::uint64_t elements;
            if (!count(elements)) return false;
            for (; elements != 0; --elements)
                if (!skip_value(depth + 1)) return false;
            return true;
        }
        case Tag::map:
            if (depth >= kMaxDepth) return fail(kTooDeep);
            return read_map(*this, [&](const KeyView&) { return skip_value(depth + 1); });
    }
    return fail("an unknown tag");
}

std::string ByteReader::fail_text() const {
    return "malformed bytes at offset " + std::to_string(offset()) + ": " +
           (why_ != nullptr ? why_ : "no failure");
}

void write_value(Bytes& out, const Value& value) {
    const std::size_t before = out.size();
    try {
        write_at_depth(out, value, 0);
    } catch (...) {
        out.truncate(before);
        throw;
    }
}

bool read_value(ByteReader& in, Value& out, int depth) {
    out = Value();
    std::uint8_t tag;
    if (!in.byte(tag)) return false;
    switch (static_cast<Tag>(tag)) {
        case Tag::nil:
            return true;
        case Tag::no:
            out = false;
            return true;
        case Tag::yes:
            out = true;
            return true;
        case Tag::integer: {
            std::int64_t number;
            if (!in.zigzag(number)) return false;
            out = number;
            return true;
        }
        case Tag::number: {
            double number;
            if (!in.number(number)) return false;
            out = number;
            return true;
        }
        case Tag::string: {
            std::string_view text;
            if (!in.string(text)) return false;
            out = text;
            return true;
        }
        case Tag::list:
            return depth < kMaxDepth ? read_list_into(in, out, depth) : in.fail(kTooDeep);
        case Tag::map:
            return depth < kMaxDepth ? read_map_into(in, out, depth) : in.fail(kTooDeep);
    }
    return in.fail("an unknown tag");
}

Value value_from_bytes(std::span<const std::uint8_t> bytes) {
    ByteReader in(bytes);
    Value value;
    if (read_value(in, value) && in.left() != 0) in.fail("bytes behind the value");
    if (in.failed()) throw Error(in.fail_text());
    return value;
}

}  // namespace canon
