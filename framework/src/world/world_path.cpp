// Writes into `any` fields by path.
#include <utility>

#include "canon/world.hpp"
#include "world/journal.hpp"
#include "world/scalar.hpp"

namespace canon {
namespace {

// `value` with what lies at `path` replaced. False where `value` has no such path.
bool put_at(Value& value, std::span<const Key> path, const Value& content) {
    if (path.empty()) {
        value = content;
        return true;
    }
    const Key& key = path.front();
    const std::span<const Key> rest = path.subspan(1);

    const bool is_empty_list = value.type() == Value::Type::list && value.as_list().empty();
    if (value.type() == Value::Type::map || (is_empty_list && !key.is_integer())) {
        Map map = is_empty_list ? Map() : value.as_map();
        const Value* found = map.find(key);
        if (found == nullptr && !rest.empty()) return false;
        Value entry = found != nullptr ? *found : Value();
        if (!put_at(entry, rest, content)) return false;
        map.set(key, std::move(entry));
        value = std::move(map);
        return true;
    }
    if (value.type() != Value::Type::list || !key.is_integer()) return false;

    const std::uint64_t index = static_cast<std::uint64_t>(key.as_integer()) - 1;
    List list = value.as_list();
    if (index > list.size()) return false;
    if (rest.empty() && content.is_nil()) {
        // Anywhere but at the end it would leave a hole.
        if (index + 1 != list.size()) return false;
        list.pop_back();
    } else {
        if (index == list.size()) {
            if (!rest.empty()) return false;
            list.emplace_back();
        }
        if (!put_at(list[index], rest, content)) return false;
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
        Value root = detail::value_of(read(target.where, target.field));
        if (!put_at(root, path, value)) return WriteResult::bad_index;
        return store(target, 0, detail::scalar_of(root, bytes));
    } catch (const Error&) {
        return WriteResult::wrong_type;  // it nests too deeply
    }
}

}  // namespace canon
