// Value: what scripts and hosts hand to each other: nil, booleans, integers, floats, strings, lists
// and maps of these.
//
// A value has one canonical form. A map's entries are sorted by key (integers ascending, then
// strings bytewise) and none of them is nil; a map whose keys are just 1..n is a list, and an empty
// one an empty list, since a script's table cannot tell them apart; every NaN is the same NaN.
// Equality is that of canonical bytes: integer 1 and float 1.0 differ, so do 0.0 and -0.0, and a
// NaN equals itself.
#pragma once
#include "canon/detail/platform.hpp"

#include <bit>
#include <compare>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace canon {

class Value;

/// The one NaN that canonical bytes, the world and scripts hold: quiet, positive, payload 0.
constexpr double canonical_nan() noexcept {
    return std::bit_cast<double>(std::uint64_t{0x7FF8'0000'0000'0000});
}
/// `number`, or the canonical NaN.
constexpr double canonical(double number) noexcept {
    return number == number ? number : canonical_nan();
}

/// A map's key: an integer or a string; integers come before strings.
class Key {
  public:
    Key(std::int64_t number) : data_(number) {}
    Key(int number) : data_(std::int64_t{number}) {}
    Key(std::string text) : data_(std::move(text)) {}
    Key(std::string_view text) : data_(std::string(text)) {}
    Key(const char* text) : data_(std::string(text)) {}

    bool is_integer() const noexcept { return data_.index() == 0; }
    std::int64_t as_integer() const { return std::get<0>(data_); }
    const std::string& as_string() const { return std::get<1>(data_); }

    friend bool operator==(const Key&, const Key&) = default;
    friend std::strong_ordering operator<=>(const Key& a, const Key& b);

  private:
    std::variant<std::int64_t, std::string> data_;
};

using List = std::vector<Value>;

/// Entries sorted by key, each key once, without nil values.
class Map {
  public:
    using Entry = std::pair<Key, Value>;

    Map() = default;
    /// Of two entries with one key the later one stays.
    Map(std::initializer_list<Entry> entries);

    /// The entry's value, or null.
    /// Borrows: until the map changes.
    const Value* find(const Key& key) const noexcept;
    /// Sets or, with nil, removes.
    void set(Key key, Value value);

    std::size_t size() const noexcept;
    bool empty() const noexcept;
    std::vector<Entry>::const_iterator begin() const noexcept;
    std::vector<Entry>::const_iterator end() const noexcept;

    friend bool operator==(const Map& a, const Map& b) noexcept;

  private:
    std::vector<Entry> entries_;
};

/// An integer type whose every value fits a Value. Character types are left out: a letter is not a
/// number.
template <class T>
concept IntegerOfValue = std::integral<T> &&
                         (std::signed_integral<T> || sizeof(T) < sizeof(std::int64_t)) &&
                         !std::same_as<T, bool> && !std::same_as<T, char> &&
                         !std::same_as<T, wchar_t> && !std::same_as<T, char8_t> &&
                         !std::same_as<T, char16_t> && !std::same_as<T, char32_t>;

class Value {
  public:
    enum class Type : std::uint8_t { nil, boolean, integer, number, string, list, map };

    Value() = default;
    Value(std::nullptr_t) {}
    // Templates, because a pointer would otherwise become a boolean, and a uint64_t a float.
    template <std::same_as<bool> Flag>
    Value(Flag flag) : data_(flag) {}
    template <IntegerOfValue Integer>
    Value(Integer number) : data_(static_cast<std::int64_t>(number)) {}
    template <std::floating_point Float>
    requires(sizeof(Float) <= sizeof(double)) Value(Float number) : data_(canonical(number)) {}
    Value(const char* text) : data_(std::string(text)) {}
    Value(std::string text) : data_(std::move(text)) {}
    Value(std::string_view text) : data_(std::string(text)) {}
    Value(List list) : data_(std::move(list)) {}
    /// A map whose keys are 1..n becomes a list, its canonical form; so does an empty one.
    Value(Map map);

    Type type() const noexcept { return static_cast<Type>(data_.index()); }
    bool is_nil() const noexcept { return type() == Type::nil; }

    // Each throws canon::Error that names the type found and the type expected. as_number and
    // as_integer convert where that is exact.
    bool as_boolean() const;
    std::int64_t as_integer() const;
    double as_number() const;
    const std::string& as_string() const;
    const List& as_list() const;
    const Map& as_map() const;

    /// The entry, or nil where this is no map (or list, for integer keys counted from 1) or has no
    /// such entry.
    const Value& operator[](const Key& key) const noexcept;

    friend bool operator==(const Value& a, const Value& b) noexcept;

  private:
    // Alternatives in the order of Type.
    std::variant<std::monostate, bool, std::int64_t, double, std::string, List, Map> data_;
};

/// As scripts say it: "nil", "boolean", "integer", "float", "string", "list", "map".
const char* type_name(Value::Type type) noexcept;

}  // namespace canon
