#include "canon/value.hpp"

#include <algorithm>
#include <cmath>

#include "canon/error.hpp"
#include "canon/json.hpp"

namespace canon {
namespace {

const Value kNil;

constexpr double kTwoTo63 = 0x1p63;

[[noreturn]] void wrong_type(Value::Type expected, Value::Type found) {
    throw Error(std::string("expected a value of type ") + type_name(expected) + ", found " +
                type_name(found));
}

template <class Entries>
auto lower_bound(Entries& entries, const Key& key) {
    return std::lower_bound(entries.begin(), entries.end(), key,
                            [](const Map::Entry& entry, const Key& k) { return entry.first < k; });
}

// Keys are unique and sorted, integers first: with n of them, from 1 to n, there is room for no
// other.
bool has_keys_of_a_list(const Map& map) {
    if (map.empty()) return true;
    const Key& first = map.begin()->first;
    const Key& last = (map.end() - 1)->first;
    return first.is_integer() && first.as_integer() == 1 && last.is_integer() &&
           last.as_integer() == static_cast<std::int64_t>(map.size());
}

}  // namespace

std::strong_ordering operator<=>(const Key& a, const Key& b) {
    if (a.data_.index() != b.data_.index()) return a.data_.index() <=> b.data_.index();
    if (a.is_integer()) return a.as_integer() <=> b.as_integer();
    return a.as_string().compare(b.as_string()) <=> 0;
}

Map::Map(std::initializer_list<Entry> entries) {
    for (const Entry& entry : entries) set(entry.first, entry.second);
}

const Value* Map::find(const Key& key) const noexcept {
    const auto place = lower_bound(entries_, key);
    return place != entries_.end() && place->first == key ? &place->second : nullptr;
}

void Map::set(Key key, Value value) {
    const auto place = lower_bound(entries_, key);
    const bool found = place != entries_.end() && place->first == key;
    if (value.is_nil()) {
        if (found) entries_.erase(place);
    } else if (found) {
        place->second = std::move(value);
    } else {
        entries_.emplace(place, std::move(key), std::move(value));
    }
}

std::size_t Map::size() const noexcept { return entries_.size(); }
bool Map::empty() const noexcept { return entries_.empty(); }
std::vector<Map::Entry>::const_iterator Map::begin() const noexcept { return entries_.begin(); }
std::vector<Map::Entry>::const_iterator Map::end() const noexcept { return entries_.end(); }

bool operator==(const Map& a, const Map& b) noexcept { return a.entries_ == b.entries_; }

Value::Value(Map map) {
    if (!has_keys_of_a_list(map)) {
        data_ = std::move(map);
        return;
    }
    List list;
    list.reserve(map.size());
    for (const auto& [key, value] : map) list.push_back(value);
    data_ = std::move(list);
}

bool Value::as_boolean() const {
    if (const bool* flag = std::get_if<bool>(&data_)) return *flag;
    wrong_type(Type::boolean, type());
}

std::int64_t Value::as_integer() const {
    if (const auto* integer = std::get_if<std::int64_t>(&data_)) return *integer;
    if (const double* number = std::get_if<double>(&data_)) {
        if (*number >= -kTwoTo63 && *number < kTwoTo63 && std::trunc(*number) == *number)
            return static_cast<std::int64_t>(*number);
        throw Error("expected a value of type integer, found the float " + float_text(*number) +
                    ", which is none");
    }
    wrong_type(Type::integer, type());
}

double Value::as_number() const {
    if (const double* number = std::get_if<double>(&data_)) return *number;
    if (const auto* integer = std::get_if<std::int64_t>(&data_)) {
        const double number = static_cast<double>(*integer);
        if (number < kTwoTo63 && static_cast<std::int64_t>(number) == *integer) return number;
        throw Error("expected a value of type float, found the integer " +
                    std::to_string(*integer) + ", which no float equals");
    }
    wrong_type(Type::number, type());
}

const std::string& Value::as_string() const {
    if (const auto* text = std::get_if<std::string>(&data_)) return *text;
    wrong_type(Type::string, type());
}

const List& Value::as_list() const {
    if (const auto* list = std::get_if<List>(&data_)) return *list;
    wrong_type(Type::list, type());
}

const Map& Value::as_map() const {
    if (const auto* map = std::get_if<Map>(&data_)) return *map;
    wrong_type(Type::map, type());
}

const Value& Value::operator[](const Key& key) const noexcept {
    if (const auto* map = std::get_if<Map>(&data_)) {
        const Value* found = map->find(key);
        return found != nullptr ? *found : kNil;
    }
    if (const auto* list = std::get_if<List>(&data_); list != nullptr && key.is_integer()) {
        const std::uint64_t index = static_cast<std::uint64_t>(key.as_integer()) - 1;
        if (index < list->size()) return (*list)[index];
    }
    return kNil;
}

bool operator==(const Value& a, const Value& b) noexcept {
    const double* x = std::get_if<double>(&a.data_);
    const double* y = std::get_if<double>(&b.data_);
    // By bits, as canonical bytes do: 0.0 and -0.0 divide differently, and a NaN must find itself.
    if (x != nullptr && y != nullptr)
        return std::bit_cast<std::uint64_t>(*x) == std::bit_cast<std::uint64_t>(*y);
    return a.data_ == b.data_;
}

const char* type_name(Value::Type type) noexcept {
    switch (type) {
        case Value::Type::nil:
            return "nil";
        case Value::Type::boolean:
            return "boolean";
        case Value::Type::integer:
            return "integer";
        case Value::Type::number:
            return "float";
        case Value::Type::string:
            return "string";
        case Value::Type::list:
            return "list";
        case Value::Type::map:
            return "map";
    }
    return "unknown";
}

}  // namespace canon
