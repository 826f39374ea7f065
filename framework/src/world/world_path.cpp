// Writes into `any` fields by path: the bytes beside it stay as they are.
#include <utility>

#include "canon/world.hpp"
#include "world/journal.hpp"
#include "world/scalar.hpp"

namespace canon {
namespace {

// Where a part of canonical bytes lies.
struct Part {
    std::size_t begin;
    std::size_t end;
};

bool read_key_is(ByteReader& in, const Key& key) {
    std::uint8_t tag = 0;
    in.byte(tag);
    if (static_cast<Tag>(tag) == Tag::integer) {
        std::int64_t number = 0;
        in.zigzag(number);
        return key.is_integer() && key.as_integer() == number;
    }
    std::string_view text;
    in.string(text);
    return !key.is_integer() && key.as_string() == text;
}

// Steps over what is beside the path without decoding it. False where the value has no such path.
bool find_part(std::string_view bytes, std::span<const Key> path, Part& out) {
    ByteReader in({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()});
    for (const Key& key : path) {
        std::uint8_t tag = 0;
        std::uint64_t count = 0;
        in.byte(tag);
        const bool is_list = static_cast<Tag>(tag) == Tag::list;
        if (!is_list && static_cast<Tag>(tag) != Tag::map) return false;
        in.count(count);
        if (is_list) {
            if (!key.is_integer()) return false;
            const std::uint64_t index = static_cast<std::uint64_t>(key.as_integer()) - 1;
            if (index >= count) return false;
            for (std::uint64_t i = 0; i < index; ++i) in.skip_value();
            continue;
        }
        bool found = false;
        for (; count > 0 && !found; --count) {
            found = read_key_is(in, key);
            if (!found) in.skip_value();
        }
        if (!found) return false;
    }
    out.begin = in.offset();
    in.skip_value();
    out.end = in.offset();
    return !in.failed();
}

// Sets what a list or map has at `key`. False where it has no such place.
bool put_at(Value& value, const Key& key, const Value& content) {
    const bool is_empty_list = value.type() == Value::Type::list && value.as_list().empty();
    if (value.type() == Value::Type::map || (is_empty_list && !key.is_integer())) {
        Map map = is_empty_list ? Map() : value.as_map();
        map.set(key, content);
        value = std::move(map);
        return true;
    }
    if (value.type() != Value::Type::list || !key.is_integer()) return false;
    const std::uint64_t index = static_cast<std::uint64_t>(key.as_integer()) - 1;
    List list = value.as_list();
    if (index > list.size()) return false;
    if (content.is_nil()) {
        // Anywhere but at the end it would leave a hole.
        if (index + 1 != list.size()) return false;
        list.pop_back();
    } else if (index == list.size()) {
        list.push_back(content);
    } else {
        list[static_cast<std::size_t>(index)] = content;
    }
    value = std::move(list);
    return true;
}

}  // namespace

WriteResult World::put(EntityId id, NameId field, std::span<const Key> path, const Value& value) {
    Target target;
    if (const WriteResult found = locate(id, field, target); found != WriteResult::done)
        return found;
    const FieldType type = target.column->type;
    if (type != FieldType::any && type != FieldType::array) return WriteResult::wrong_type;
    Bytes bytes;
    try {
        if (type == FieldType::array) {
            if (path.size() != 1 || !path[0].is_integer()) return WriteResult::bad_index;
            return put(id, field, path[0].as_integer(), detail::scalar_of(value, bytes));
        }
        if (path.empty()) return store(target, 0, detail::scalar_of(value, bytes));
        const std::string_view root = text_of(target.where, target.field);
        const auto splice = [&](const Part& part, const Value& content) {
            bytes.append(root.data(), part.begin);
            write_value(bytes, content);
            bytes.append(root.data() + part.end, root.size() - part.end);
            return store(target, 0, Scalar::of_bytes(detail::text_of(bytes)));
        };
        Part part;
        if (!value.is_nil() && find_part(root, path, part)) return splice(part, value);
        // What comes and goes changes the list or map around it, and nothing else.
        if (!find_part(root, path.first(path.size() - 1), part)) return WriteResult::bad_index;
        Value around =
            value_from_bytes({reinterpret_cast<const std::uint8_t*>(root.data()) + part.begin,
                              part.end - part.begin});
        if (!put_at(around, path.back(), value)) return WriteResult::bad_index;
        return splice(part, around);
    } catch (const Error&) {
        return WriteResult::wrong_type;  // it nests too deeply
    }
}

}  // namespace canon
