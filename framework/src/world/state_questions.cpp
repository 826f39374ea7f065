#include "world/state_questions.hpp"

#include <limits>

namespace canon {
namespace {

// Calls `field` with each number of the question, in their order.
template <class Question, class Field>
void each_number(Question& question, Field field) {
    using Kind = StateQuestion::Kind;
    const bool is_range = question.kind == Kind::ranges || question.kind == Kind::rows ||
                          question.kind == Kind::cells;
    const bool is_array = question.kind == Kind::pages || question.kind == Kind::page;
    if (is_range || is_array) field(question.template_index);
    if (is_range) {
        field(question.level);
        field(question.prefix);
    }
    if (is_array) field(question.id);
    if (is_array || question.kind == Kind::cells || question.kind == Kind::dump)
        field(question.field);
    if (question.kind != Kind::ranges) field(question.from);
}

}  // namespace

void write_question(Bytes& out, const StateQuestion& question) {
    out.put(static_cast<std::uint8_t>(question.kind));
    each_number(question, [&](auto number) { out.put_varint(static_cast<std::uint64_t>(number)); });
}

bool read_question(std::span<const std::uint8_t> bytes, StateQuestion& out) {
    ByteReader in(bytes);
    std::uint8_t kind;
    if (!in.byte(kind) || kind > static_cast<std::uint8_t>(StateQuestion::Kind::dump)) return false;
    out.kind = static_cast<StateQuestion::Kind>(kind);
    each_number(out, [&]<class T>(T& number) {
        std::uint64_t read = 0;
        if (in.varint(read) && read > static_cast<std::uint64_t>(std::numeric_limits<T>::max()))
            in.fail("too large");
        number = static_cast<T>(read);
    });
    return !in.failed() && in.left() == 0;
}

}  // namespace canon
