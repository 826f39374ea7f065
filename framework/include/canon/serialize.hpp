// Serialization of C++ objects: four cereal archives over canonical bytes, for one walk of an
// object.
//
// A cereal `serialize` function (or save and load) names the fields of a type once. WriteArchive
// makes bytes of them, ReadArchive takes them back, HashArchive hashes the bytes that WriteArchive
// would make, DumpArchive makes text. Since all four walk the same fields, what is saved, hashed
// and shown cannot drift apart.
//
// - bool and 8-bit integers: one byte
// - wider integers: unsigned varint, signed zigzag; an enum as its underlying type
// - float: 4 bytes, double: 8 bytes, little endian, every NaN the canonical one
// - string: varint length, bytes; vector, set, map: varint count, elements in order
// - array, pair, tuple, class: one field after the other; names and types take no bytes
// - optional: a byte 1 for none, else 0 and the value; variant: zigzag index, value
// - EntityId, JobId, Frame: their number; Value: as in bytes.hpp
//
// Refused when compiling, because their bytes would differ between machines or runs: unordered
// containers, raw pointers, containers sorted by address, long double, wchar_t, enums without a
// fixed underlying type. size_t is the same type as uint64_t on the machines we support and cannot
// be refused; it is written as such.
//
// An object has one encoding, and a reader refuses any other: sets and maps out of order, too. Each
// element of a container must take at least one byte, so that a count can be checked against the
// bytes that are left.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cereal/cereal.hpp>
#include <cereal/types/array.hpp>
#include <cereal/types/map.hpp>
#include <cereal/types/optional.hpp>
#include <cereal/types/set.hpp>
#include <cereal/types/tuple.hpp>
#include <cereal/types/utility.hpp>
#include <cereal/types/variant.hpp>
#include <cereal/types/vector.hpp>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <iterator>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "canon/ids.hpp"
#include "canon/json.hpp"
#include "canon/value.hpp"

namespace canon {

/// A field that follows from the others, as in `archive(CEREAL_NVP(units),
/// derived(CEREAL_NVP(strength)))`: hashed and dumped, so that a drift shows, but not saved.
/// Whoever loads makes it again: see `rebuild` in host_state.hpp.
template <class T>
struct DerivedField {
    T field;
};
template <class T>
DerivedField<T> derived(T&& field) {
    return {std::forward<T>(field)};
}

/// A field that is of this process alone, a cache or a handle: neither saved, hashed nor dumped.
template <class T>
struct LocalField {
    T field;
};
template <class T>
LocalField<T> local(T&& field) {
    return {std::forward<T>(field)};
}

class WriteArchive;
class HashArchive;
class DumpArchive;
class ReadArchive;

namespace serialize_detail {

template <class T>
concept UnorderedContainer = requires {
    typename T::hasher;
};

template <class T>
concept SortedByAddress = requires {
    typename T::key_compare;
    typename T::key_type::element_type;
}
&&std::same_as<typename T::key_compare, std::less<typename T::key_type>>;

// Only an enum with a fixed underlying type can be initialized from a number in braces.
template <class T>
concept EnumOfUnknownWidth = std::is_enum_v<T> && !requires {
    T{0};
};

template <class T>
concept RawPointer = std::is_pointer_v<T> || std::is_member_pointer_v<T>;

template <class T>
constexpr void refuse_what_is_not_canonical() {
    static_assert(
        !UnorderedContainer<T>,
        "canon: the order of an unordered container differs between runs and libraries; use "
        "std::map, std::set or a sorted vector");
    static_assert(
        !RawPointer<T>,
        "canon: an address differs between runs; serialize what the pointer points to, or "
        "an id");
    static_assert(
        !SortedByAddress<T>,
        "canon: a container of smart pointers is sorted by address, which differs between "
        "runs; give it a comparison by content");
    static_assert(!std::is_same_v<T, long double>,
                  "canon: long double differs between processors; use double");
    static_assert(!std::is_same_v<T, wchar_t>,
                  "canon: wchar_t differs between systems; use char32_t or UTF-8 in std::string");
    static_assert(!EnumOfUnknownWidth<T>,
                  "canon: the compiler chooses this enum's width; fix it, as in enum class E : "
                  "std::uint8_t");
}

template <class Archive>
concept BytesArchive = std::same_as<Archive, WriteArchive> || std::same_as<Archive, HashArchive>;

template <class Archive>
concept OutputArchive = BytesArchive<Archive> || std::same_as<Archive, DumpArchive>;

template <class Archive>
concept AnyArchive = OutputArchive<Archive> || std::same_as<Archive, ReadArchive>;

template <class T>
concept Number = std::is_arithmetic_v<T>;

// Written as they lie in memory, so that a run of them is copied at once. Not bool, which has two
// valid bytes only.
template <class T>
concept ByteInteger = std::same_as<T, std::byte> ||
    (std::integral<T> && sizeof(T) == 1 && !std::same_as<T, bool>);

// What cereal wraps around the things themselves.
template <class T>
inline constexpr bool kIsWrapper = false;
template <class T>
inline constexpr bool kIsWrapper<cereal::NameValuePair<T>> = true;
template <class T>
inline constexpr bool kIsWrapper<DerivedField<T>> = true;
template <class T>
inline constexpr bool kIsWrapper<LocalField<T>> = true;
template <class T>
inline constexpr bool kIsWrapper<cereal::SizeTag<T>> = true;
template <class T>
inline constexpr bool kIsWrapper<cereal::base_class<T>> = true;
template <class T>
inline constexpr bool kIsWrapper<cereal::virtual_base_class<T>> = true;

template <class T>
inline constexpr bool kIsMapItem = false;
template <class K, class V>
inline constexpr bool kIsMapItem<cereal::MapItem<K, V>> = true;

// Adds to the depth of nesting.
template <class T>
inline constexpr bool kIsLevel = !kIsWrapper<T> && !kIsMapItem<T> && !Number<T>;

// Has a segment in a path. What is saved as a single number, an id or enum, is a field as that
// number.
template <class T>
inline constexpr bool kIsField =
    !kIsWrapper<T> && !cereal::traits::has_minimal_output_serialization<T, DumpArchive>::value;

// How deep objects and containers nest at the moment. Limited in writing too: what is captured can
// be restored.
class Nesting {
  public:
    bool is_full() const noexcept { return depth_ == kMaxDepth; }
    void enter() {
        if (is_full())
            throw Error("objects and containers nest more than " + std::to_string(kMaxDepth) +
                        " deep");
        ++depth_;
    }
    void leave() noexcept { --depth_; }

  private:
    int depth_ = 0;
};

constexpr float canonical_float(float number) noexcept {
    return number == number ? number : std::bit_cast<float>(std::uint32_t{0x7FC0'0000});
}

template <Number T>
void write_number(Bytes& out, T number) {
    if constexpr (sizeof(T) == 1) {
        out.put(static_cast<std::uint8_t>(number));
    } else if constexpr (std::same_as<T, float>) {
        number = canonical_float(number);
        out.append(&number, sizeof number);
    } else if constexpr (std::floating_point<T>) {
        out.put_float(static_cast<double>(number));
    } else if constexpr (std::signed_integral<T>) {
        out.put_zigzag(number);
    } else {
        out.put_varint(number);
    }
}

template <Number T>
std::string number_text(T number) {
    if constexpr (std::same_as<T, bool>)
        return number ? "true" : "false";
    else if constexpr (std::floating_point<T>)
        return float_text(static_cast<double>(number));
    else if constexpr (std::same_as<T, char>)  // signed on some processors only
        return std::to_string(static_cast<unsigned char>(number));
    else
        return std::to_string(number);
}

// What may stand in the brackets of a path.
template <class T>
concept TextKey = std::integral<T> || std::same_as<T, std::string> || std::same_as<T, EntityId> ||
    std::same_as<T, JobId> || std::same_as<T, Frame>;

template <TextKey T>
std::string key_text(const T& key) {
    if constexpr (std::integral<T>)
        return number_text(key);
    else if constexpr (std::same_as<T, std::string>)
        return to_json(Value(key));
    else
        return number_text(key.value);
}

}  // namespace serialize_detail

/// Appends an object's canonical bytes: `WriteArchive(bytes)(object)`.
/// Borrows: `out`, while it lives.
/// Fails: throws canon::Error where objects nest deeper than kMaxDepth; `out` then ends with a part
/// of the object.
/// Deterministic: yes.
class WriteArchive : public cereal::OutputArchive<WriteArchive, cereal::AllowEmptyClassElision> {
  public:
    explicit WriteArchive(Bytes& out) : OutputArchive(this), out_(out) {}

    /// For save functions of leaf types: what `write(Bytes&)` appends.
    template <class Write>
    void put(Write write) {
        write(out_);
    }
    serialize_detail::Nesting& nesting() noexcept { return nesting_; }

  private:
    Bytes& out_;
    serialize_detail::Nesting nesting_;
};

/// Hashes an object: after `HashArchive(hasher)(object)` the digest is that of WriteArchive's
/// bytes, which are never held together.
/// Borrows: `hasher`, while it lives.
/// Fails: as WriteArchive.
/// Deterministic: yes.
class HashArchive : public cereal::OutputArchive<HashArchive, cereal::AllowEmptyClassElision> {
  public:
    explicit HashArchive(Hasher& hasher) : OutputArchive(this), hasher_(hasher) {}

    template <class Write>
    void put(Write write) {
        piece_.clear();
        write(piece_);
        hasher_.update(piece_.view());
    }
    serialize_detail::Nesting& nesting() noexcept { return nesting_; }

  private:
    Hasher& hasher_;
    Bytes piece_;
    serialize_detail::Nesting nesting_;
};

/// Reads what WriteArchive wrote, from bytes that nobody vouches for.
/// Borrows: `in`, while it lives.
/// Fails: throws canon::Error that names the offset, for bytes that WriteArchive would not have
/// written. The object is then in part the old one, and neither the archive nor `in` can be used
/// again.
class ReadArchive : public cereal::InputArchive<ReadArchive, cereal::AllowEmptyClassElision> {
  public:
    explicit ReadArchive(ByteReader& in) : InputArchive(this), in_(in) {}

    /// Hides cereal's, to make one kind of exception of what cereal itself finds wrong.
    template <class... Types>
    ReadArchive& operator()(Types&&... fields) {
        try {
            return InputArchive::operator()(std::forward<Types>(fields)...);
        } catch (const cereal::Exception& error) {
            refuse(error.what());
        }
    }

    ByteReader& reader() noexcept { return in_; }
    /// For load functions of leaf types: throws what the reader found wrong, unless `good`.
    void require(bool good) {
        if (!good) throw Error(in_.fail_text());
    }
    [[noreturn]] void refuse(const std::string& why) {
        in_.fail("refused by the type that is read");
        throw Error("malformed bytes at offset " + std::to_string(in_.offset()) + ": " + why);
    }
    serialize_detail::Nesting& nesting() noexcept { return nesting_; }

  private:
    ByteReader& in_;
    serialize_detail::Nesting nesting_;
};

namespace serialize_detail {

// A count is believed only as far as this: elements may be much larger in memory than in bytes.
inline constexpr std::uint64_t kReserveAtMost = 256;

// Reads a number of the widest kind that has the form of T, and refuses what T does not hold.
template <Number T, class Wide>
void narrow(ReadArchive& archive, Wide wide, T& number) {
    if (wide < std::numeric_limits<T>::min() || wide > std::numeric_limits<T>::max())
        archive.refuse("the number " + std::to_string(wide) + " is beyond its type");
    number = static_cast<T>(wide);
}

template <Number T>
void read_number(ReadArchive& archive, T& number) {
    ByteReader& in = archive.reader();
    if constexpr (std::same_as<T, bool>) {
        std::uint8_t byte;
        archive.require(in.byte(byte));
        if (byte > 1) archive.refuse("a boolean that is neither 0 nor 1");
        number = byte == 1;
    } else if constexpr (sizeof(T) == 1) {
        std::uint8_t byte;
        archive.require(in.byte(byte));
        number = static_cast<T>(byte);
    } else if constexpr (std::same_as<T, float>) {
        std::uint32_t bits;
        archive.require(in.raw(&bits, sizeof bits));
        number = std::bit_cast<float>(bits);
        if (number != number && bits != std::bit_cast<std::uint32_t>(canonical_float(number)))
            archive.refuse("a NaN that is not the canonical one");
    } else if constexpr (std::same_as<T, double>) {
        archive.require(in.number(number));
    } else if constexpr (std::signed_integral<T>) {
        std::int64_t wide;
        archive.require(in.zigzag(wide));
        narrow(archive, wide, number);
    } else {
        std::uint64_t wide;
        archive.require(in.varint(wide));
        narrow(archive, wide, number);
    }
}

// Whether `key` may follow `last`: each key once, or equal ones side by side.
template <bool kUnique, class Compare, class Key>
bool may_follow(const Compare& less, const Key& last, const Key& key) {
    return kUnique ? less(last, key) : !less(key, last);
}

template <bool kUnique, class Map>
void load_map(ReadArchive& archive, Map& entries) {
    std::uint64_t count;
    archive.require(archive.reader().count(count));
    entries.clear();
    for (; count != 0; --count) {
        typename Map::key_type key;
        typename Map::mapped_type value;
        archive(key, value);
        if (!entries.empty() &&
            !may_follow<kUnique>(entries.key_comp(), std::prev(entries.end())->first, key))
            archive.refuse("keys that are not in ascending order");
        entries.emplace_hint(entries.end(), std::move(key), std::move(value));
    }
}

template <bool kUnique, class Set>
void load_set(ReadArchive& archive, Set& keys) {
    std::uint64_t count;
    archive.require(archive.reader().count(count));
    keys.clear();
    for (; count != 0; --count) {
        typename Set::key_type key;
        archive(key);
        if (!keys.empty() && !may_follow<kUnique>(keys.key_comp(), *std::prev(keys.end()), key))
            archive.refuse("keys that are not in ascending order");
        keys.emplace_hint(keys.end(), std::move(key));
    }
}

}  // namespace serialize_detail

/// Appends an object's text, one field a line, `path.to.field: value`. Fields have the names given
/// by CEREAL_NVP; one without a name, and the elements of a container, have `[index]`; the values
/// of a map have `[key]`, where keys are numbers, ids or strings. Each container has a line
/// `path.size` as well. Floats and strings are as in to_json, so a value never spans lines.
/// Borrows: `out`, while it lives.
/// Fails: as WriteArchive.
/// Deterministic: yes.
class DumpArchive : public cereal::OutputArchive<DumpArchive, cereal::AllowEmptyClassElision> {
  public:
    /// Each path begins with `prefix`.
    explicit DumpArchive(std::string& out, std::string_view prefix = {});

    /// For save functions of leaf types: the line of the current field.
    void put_line(std::string_view text, std::string_view suffix = {});
    /// The next field's segment of the path, in place of its index.
    void set_name(std::string_view name);
    void set_key(std::string_view key);
    void begin_field();
    void end_field();
    serialize_detail::Nesting& nesting() noexcept { return nesting_; }

  private:
    struct Open {
        std::size_t path_size;      // of the path around it
        std::uint64_t unnamed = 0;  // of its fields so far
    };

    std::string& out_;
    std::string path_;
    std::string segment_;  // of the next field, empty if none was set
    std::vector<Open> open_;
    serialize_detail::Nesting nesting_;
};

// cereal calls these around each object, number and wrapper. Functions that cereal finds by their
// names (`prologue`, `save`, `load`) stand in this namespace because the archives do; where cereal
// has one of its own for all archives, these are the more specialized ones.

template <serialize_detail::AnyArchive Archive, class T>
void prologue(Archive& archive, const T&) {
    using namespace serialize_detail;
    refuse_what_is_not_canonical<T>();
    if constexpr (kIsLevel<T> && std::same_as<Archive, ReadArchive>)
        if (archive.nesting().is_full()) archive.refuse("objects and containers nest too deeply");
    if constexpr (kIsLevel<T>) archive.nesting().enter();
    if constexpr (std::same_as<Archive, DumpArchive> && kIsField<T>) archive.begin_field();
}

template <serialize_detail::AnyArchive Archive, class T>
void epilogue(Archive& archive, const T&) {
    using namespace serialize_detail;
    if constexpr (std::same_as<Archive, DumpArchive> && kIsField<T>) archive.end_field();
    if constexpr (kIsLevel<T>) archive.nesting().leave();
}

template <class T>
void prologue(DumpArchive& archive, const cereal::NameValuePair<T>& named) {
    archive.set_name(named.name);
}

template <serialize_detail::AnyArchive Archive, class T>
void serialize(Archive& archive, cereal::NameValuePair<T>& named) {
    archive(named.value);
}

template <serialize_detail::OutputArchive Archive, class T>
void save(Archive& archive, const DerivedField<T>& derived) {
    if constexpr (!std::same_as<Archive, WriteArchive>) archive(derived.field);
}
template <class T>
void load(ReadArchive&, DerivedField<T>&) {}

template <serialize_detail::OutputArchive Archive, class T>
void save(Archive&, const LocalField<T>&) {}
template <class T>
void load(ReadArchive&, LocalField<T>&) {}

// Counts.

template <serialize_detail::BytesArchive Archive, class T>
void save(Archive& archive, const cereal::SizeTag<T>& count) {
    archive.put([&](Bytes& out) { out.put_varint(count.size); });
}

template <class T>
void save(DumpArchive& archive, const cereal::SizeTag<T>& count) {
    archive.put_line(std::to_string(count.size), ".size");
}

template <class T>
void load(ReadArchive& archive, cereal::SizeTag<T>& count) {
    std::uint64_t elements;
    archive.require(archive.reader().count(elements));
    count.size = elements;
}

// Numbers.

template <serialize_detail::BytesArchive Archive, serialize_detail::Number T>
void save(Archive& archive, const T& number) {
    archive.put([&](Bytes& out) { serialize_detail::write_number(out, number); });
}

template <serialize_detail::Number T>
void save(DumpArchive& archive, const T& number) {
    archive.put_line(serialize_detail::number_text(number));
}

template <serialize_detail::Number T>
void load(ReadArchive& archive, T& number) {
    serialize_detail::read_number(archive, number);
}

// Strings, and vectors and arrays of bytes, which are copied at once.

template <serialize_detail::BytesArchive Archive>
void save(Archive& archive, const std::string& text) {
    archive.put([&](Bytes& out) { out.put_string(text); });
}

inline void save(DumpArchive& archive, const std::string& text) {
    archive.put_line(to_json(Value(text)));
}

inline void load(ReadArchive& archive, std::string& text) {
    std::string_view view;
    archive.require(archive.reader().string(view));
    text = view;
}

namespace serialize_detail {

template <class Archive, class T, class Allocator>
void save_bytes(Archive& archive, const std::vector<T, Allocator>& bytes) {
    archive.put([&](Bytes& out) {
        out.put_varint(bytes.size());
        out.append(bytes.data(), bytes.size());
    });
}

template <class Archive, class T, std::size_t N>
void save_bytes(Archive& archive, const std::array<T, N>& bytes) {
    archive.put([&](Bytes& out) { out.append(bytes.data(), N); });
}

}  // namespace serialize_detail

template <serialize_detail::ByteInteger T, class Allocator>
void save(WriteArchive& archive, const std::vector<T, Allocator>& bytes) {
    serialize_detail::save_bytes(archive, bytes);
}

template <serialize_detail::ByteInteger T, class Allocator>
void save(HashArchive& archive, const std::vector<T, Allocator>& bytes) {
    serialize_detail::save_bytes(archive, bytes);
}

template <serialize_detail::ByteInteger T, std::size_t N>
void save(WriteArchive& archive, const std::array<T, N>& bytes) {
    serialize_detail::save_bytes(archive, bytes);
}

template <serialize_detail::ByteInteger T, std::size_t N>
void save(HashArchive& archive, const std::array<T, N>& bytes) {
    serialize_detail::save_bytes(archive, bytes);
}

template <serialize_detail::ByteInteger T, std::size_t N>
void load(ReadArchive& archive, std::array<T, N>& bytes) {
    archive.require(archive.reader().raw(bytes.data(), N));
}

// Containers. cereal would make room for all elements that a count claims before it reads the
// first.

template <class T, class Allocator>
requires(!std::same_as<T, bool>) void load(ReadArchive& archive,
                                           std::vector<T, Allocator>& elements) {
    std::uint64_t count;
    archive.require(archive.reader().count(count));
    elements.clear();
    if constexpr (serialize_detail::ByteInteger<T>) {
        elements.resize(count);
        archive.require(archive.reader().raw(elements.data(), count));
    } else {
        elements.reserve(std::min<std::uint64_t>(count, serialize_detail::kReserveAtMost));
        for (; count != 0; --count) archive(elements.emplace_back());
    }
}

template <class K, class V, class Compare, class Allocator>
void load(ReadArchive& archive, std::map<K, V, Compare, Allocator>& entries) {
    serialize_detail::load_map<true>(archive, entries);
}

template <class K, class V, class Compare, class Allocator>
void load(ReadArchive& archive, std::multimap<K, V, Compare, Allocator>& entries) {
    serialize_detail::load_map<false>(archive, entries);
}

template <class K, class Compare, class Allocator>
void load(ReadArchive& archive, std::set<K, Compare, Allocator>& keys) {
    serialize_detail::load_set<true>(archive, keys);
}

template <class K, class Compare, class Allocator>
void load(ReadArchive& archive, std::multiset<K, Compare, Allocator>& keys) {
    serialize_detail::load_set<false>(archive, keys);
}

template <serialize_detail::TextKey K, class V, class Compare, class Allocator>
void save(DumpArchive& archive, const std::map<K, V, Compare, Allocator>& entries) {
    archive(cereal::make_size_tag(static_cast<cereal::size_type>(entries.size())));
    for (const auto& [key, value] : entries) {
        archive.set_key(serialize_detail::key_text(key));
        archive(value);
    }
}

template <class T>
void save(DumpArchive& archive, const std::optional<T>& optional) {
    if (!optional) return archive.put_line("none");
    archive(cereal::make_nvp("value", *optional));
}

// Canon's own types.

template <class Archive>
std::int64_t save_minimal(const Archive&, const EntityId& id) {
    return id.value;
}

template <class Archive>
void load_minimal(const Archive&, EntityId& id, const std::int64_t& number) {
    id.value = number;
}

template <class Archive>
std::int64_t save_minimal(const Archive&, const JobId& id) {
    return id.value;
}

template <class Archive>
void load_minimal(const Archive&, JobId& id, const std::int64_t& number) {
    id.value = number;
}

template <class Archive>
std::uint64_t save_minimal(const Archive&, const Frame& frame) {
    return frame.value;
}

template <class Archive>
void load_minimal(const Archive&, Frame& frame, const std::uint64_t& number) {
    frame.value = number;
}

template <class Archive>
void serialize(Archive& archive, Stamp& stamp) {
    archive(cereal::make_nvp("frame", stamp.frame),
            cereal::make_nvp("submission", stamp.submission), cereal::make_nvp("job", stamp.job),
            cereal::make_nvp("round", stamp.round), cereal::make_nvp("index", stamp.index));
}

// For Value itself only: so much converts to a Value that other types would be taken for one.
template <serialize_detail::BytesArchive Archive, std::same_as<Value> V>
void save(Archive& archive, const V& value) {
    archive.put([&](Bytes& out) { write_value(out, value); });
}

template <std::same_as<Value> V>
void save(DumpArchive& archive, const V& value) {
    archive.put_line(to_json(value));
}

template <std::same_as<Value> V>
void load(ReadArchive& archive, V& value) {
    archive.require(read_value(archive.reader(), value));
}

}  // namespace canon

CEREAL_SETUP_ARCHIVE_TRAITS(canon::ReadArchive, canon::WriteArchive)
