#include "canon/job_actions.hpp"

#include <string>
#include <utility>

#include "script/action.hpp"

namespace canon {
using script::Operation;

void detail::write_job_actions(Bytes& out, const JobActions& actions, Frame frame) {
    out.put_varint(frame.value - actions.stamp.frame.value);
    for (const std::uint32_t number :
         {actions.stamp.submission, actions.stamp.job, actions.stamp.round, actions.function})
        out.put_varint(number);
    out.append(&actions.hash, sizeof actions.hash);
    out.put_varint(actions.actions.size());
    out.append(actions.actions);
}

bool JobActionsReader::next(JobActions& out) {
    if (in_.left() == 0) return false;
    std::uint64_t distance, size;
    out = {};
    if (!in_.varint(distance)) return false;
    if (distance > frame_.value) return in_.fail("a job of a frame before the first");
    out.stamp.frame.value = frame_.value - distance;
    if (!in_.varint32(out.stamp.submission) || !in_.varint32(out.stamp.job) ||
        !in_.varint32(out.stamp.round) || !in_.varint32(out.function) ||
        !in_.raw(&out.hash, sizeof out.hash) || !in_.count(size))
        return false;
    out.actions = {in_.position(), static_cast<std::size_t>(size)};
    return in_.skip(static_cast<std::size_t>(size));
}

bool ActionReader::next(Value& out) {
    if (in_.left() == 0) return false;
    Map action;
    std::uint8_t operation = 0;
    in_.byte(operation);
    const auto put = [&](const char* key, Value value) {
        // A map keeps no nil.
        if (!value.is_nil()) action.set(key, std::move(value));
    };
    const auto number = [&](const char* key) {
        std::uint64_t read = 0;
        in_.varint(read);
        put(key, static_cast<std::int64_t>(read));
        return read;
    };
    const auto value = [&](const char* key) {
        Value read;
        read_value(in_, read);
        put(key, std::move(read));
    };
    const auto field = [&] {
        std::uint64_t name = 0;
        in_.varint(name);
        if (name < schema_.names())
            put("field", schema_.name(static_cast<NameId>(name)));
        else
            in_.fail("an unknown field");
    };
    const auto entity_template = [&]() -> const TemplateSpec* {
        std::uint64_t index = 0;
        in_.varint(index);
        if (index >= schema_.size()) {
            in_.fail("an unknown template");
            return nullptr;
        }
        const TemplateSpec& spec = schema_[static_cast<TemplateIndex>(index)];
        put("template", spec.name);
        return &spec;
    };
    const auto priority = [&] {
        std::int64_t read = 0;
        in_.zigzag(read);
        if (read != 0) put("priority", read);
    };
    switch (static_cast<Operation>(operation)) {
        case Operation::set:
            put("action", "set");
            number("entity");
            field();
            value("value");
            break;
        case Operation::add:
            put("action", "add");
            number("entity");
            field();
            value("value");
            value("min");
            value("max");
            break;
        case Operation::put: {
            put("action", "put");
            number("entity");
            field();
            std::uint64_t keys = 0;
            in_.count(keys);
            List path;
            for (std::uint64_t i = 0; i < keys && !in_.failed(); ++i)
                read_value(in_, path.emplace_back());
            put("path", std::move(path));
            value("value");
            break;
        }
        case Operation::spawn: {
            put("action", "spawn");
            number("entity");
            const TemplateSpec* spec = entity_template();
            std::uint64_t count = 0;
            in_.count(count, 2);
            Map fields;
            for (std::uint64_t i = 0; i < count && !in_.failed(); ++i) {
                std::uint64_t index = 0;
                Value content;
                in_.varint(index);
                if (spec == nullptr || index >= spec->fields.size())
                    in_.fail("an unknown field");
                else if (read_value(in_, content))
                    fields.set(spec->fields[static_cast<std::size_t>(index)].name,
                               std::move(content));
            }
            put("fields", std::move(fields));
            break;
        }
        case Operation::destroy:
            put("action", "destroy");
            number("entity");
            break;
        case Operation::submit:
            put("action", "submit");
            number("job");
            number("function");
            priority();
            number("delay");
            number("deliver");
            value("key");
            value("argument");
            break;
        case Operation::submit_each:
            put("action", "submit_each");
            number("job");
            number("function");
            entity_template();
            number("every");
            number("batch");
            priority();
            number("delay");
            break;
        case Operation::cancel:
            put("action", "cancel");
            number("job");
            break;
        case Operation::post:
        case Operation::call:
            put("action", static_cast<Operation>(operation) == Operation::post ? "post" : "call");
            number("handler");
            value("data");
            break;
        case Operation::host_function: {
            put("action", "host_function");
            number("function");
            std::uint64_t count = 0;
            in_.count(count);
            List values;
            for (std::uint64_t i = 0; i < count && !in_.failed(); ++i)
                read_value(in_, values.emplace_back());
            put("arguments", std::move(values));
            break;
        }
        default:
            return in_.fail("an action of no known kind");
    }
    if (in_.failed()) return false;
    out = std::move(action);
    return true;
}

}  // namespace canon
