#include "canon/state_diff.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "canon/json.hpp"
#include "world/scalar.hpp"
#include "world/state_questions.hpp"

namespace canon {

// A question, and what has to be known to make sense of its answers.
struct StateDiff::Task {
    StateQuestion question;
    // cells: the ids of both sides in the range, and from which row on each is asked for.
    std::shared_ptr<const Sides> sides = nullptr;
    std::string text_first = {}, text_second = {};  // dump: what has come of a line
    std::string host = {};                          // dump: the host state's name
};

struct StateDiff::Sides {
    std::vector<std::int64_t> ids[2];
};

namespace {

using Kind = StateQuestion::Kind;

constexpr std::uint64_t kLeafRows = detail::kLeafRows;
constexpr const char* kNothing = "(none)";

// What a side tells of a content: its text, and what decides whether two are the same.
struct Content {
    std::string text;
    std::string same;
    bool is_array = false;

    friend bool operator==(const Content& a, const Content& b) { return a.same == b.same; }
};

bool read_hash(ByteReader& in, std::uint64_t& out) { return in.raw(&out, sizeof out); }

bool read_content(ByteReader& in, FieldType type, Content& out) {
    std::uint8_t kind;
    std::uint64_t size = 0, hash = 0;
    const std::uint8_t* begin = in.position();
    if (!in.byte(kind)) return false;
    out = {};
    if (kind == 0) {
        Value value;
        if (!read_value(in, value)) return false;
        if (type == FieldType::entity)
            out.text = value.is_nil() ? "nil" : std::to_string(value.as_integer());
        else if (value.type() == Value::Type::integer)
            out.text = std::to_string(value.as_integer());
        else
            out.text = to_json(value);
    } else if (kind == 1) {
        if (!in.varint(size) || !read_hash(in, hash)) return false;
        out.text = std::to_string(size) + " bytes, hash " + hash_text(hash);
    } else if (kind == 2) {
        out.is_array = true;
        if (!read_hash(in, hash)) return false;
        out.text = "cells of hash " + hash_text(hash);
    } else {
        return in.fail("a content of no known kind");
    }
    out.same.assign(reinterpret_cast<const char*>(begin),
                    reinterpret_cast<const char*>(in.position()));
    return true;
}

bool read_ids(ByteReader& in, std::vector<std::int64_t>& out) {
    std::uint64_t count;
    if (!in.count(count)) return false;
    if (count > kLeafRows) return in.fail("more entities than were asked for");
    std::int64_t last = 0;
    for (std::uint64_t i = 0; i < count; ++i) {
        std::uint64_t distance;
        if (!in.varint(distance)) return false;
        if (distance == 0 || distance > static_cast<std::uint64_t>(INT64_MAX - last))
            return in.fail("ids that do not ascend");
        out.push_back(last += static_cast<std::int64_t>(distance));
    }
    return true;
}

bool read_hashes(ByteReader& in, std::vector<std::uint64_t>& out) {
    std::uint64_t count;
    if (!in.count(count, sizeof(std::uint64_t))) return false;
    out.resize(static_cast<std::size_t>(count));
    for (std::uint64_t& hash : out)
        if (!read_hash(in, hash)) return false;
    return true;
}

// Both sides of an answer, by the same reader.
template <class T, class Read>
bool read_both(ByteReader& a, ByteReader& b, T& first, T& second, Read read) {
    return read(a, first) && read(b, second);
}

}  // namespace

StateDiff::StateDiff(const Schema& schema, std::size_t limit) : schema_(schema), limit_(limit) {
    tasks_.push_back({{.kind = Kind::hosts}});
    tasks_.push_back({{.kind = Kind::top}});
}

StateDiff::~StateDiff() = default;

void StateDiff::push(Task task) { pushed_.push_back(std::move(task)); }

void StateDiff::add(StateDifference difference) {
    if (found_.size() < limit_)
        found_.push_back(std::move(difference));
    else
        cut_ = true;
}

std::string StateDiff::path_of(const Task& task, std::int64_t id) const {
    const TemplateSpec& spec = schema_[task.question.template_index];
    return spec.singleton ? spec.name : spec.name + " " + std::to_string(id);
}

bool StateDiff::next(Bytes& question) {
    if (cut_ || tasks_.empty()) {
        // They were found field by field.
        const auto is_of_entity = [](const StateDifference& difference) {
            return difference.entity.value != 0;
        };
        const auto begin = std::find_if(found_.begin(), found_.end(), is_of_entity);
        const auto end = std::find_if_not(begin, found_.end(), is_of_entity);
        const auto is_derived = [this](const StateDifference& difference) {
            return difference.field != kNone &&
                   schema_[difference.template_index].fields[difference.field].role ==
                       FieldRole::derived;
        };
        std::stable_sort(begin, end, [&](const StateDifference& a, const StateDifference& b) {
            const bool a_derived = is_derived(a), b_derived = is_derived(b);
            return std::tie(a_derived, a.template_index, a.entity, a.field, a.cell) <
                   std::tie(b_derived, b.template_index, b.entity, b.field, b.cell);
        });
        return false;
    }
    asked_ = std::make_unique<Task>(std::move(tasks_.back()));
    tasks_.pop_back();
    question.clear();
    write_question(question, asked_->question);
    return true;
}

void StateDiff::take(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second) {
    CANON_ASSERT(asked_ != nullptr, "StateDiff::take without a question");
    const std::unique_ptr<Task> task = std::move(asked_);
    ByteReader a(first), b(second);
    pushed_.clear();
    switch (task->question.kind) {
        case Kind::top:
            take_top(a, b);
            break;
        case Kind::ranges:
            take_ranges(*task, a, b);
            break;
        case Kind::rows:
            take_rows(*task, a, b);
            break;
        case Kind::cells:
            take_cells(*task, a, b);
            break;
        case Kind::pages:
            take_pages(*task, a, b);
            break;
        case Kind::page:
            take_page(*task, a, b);
            break;
        case Kind::hosts:
            take_hosts(*task, a, b);
            break;
        case Kind::dump:
            take_dump(*task, a, b);
            break;
    }
    for (ByteReader* in : {&a, &b}) {
        if (!in->failed() && in->left() != 0) in->fail("more than was asked for");
        if (!in->failed()) continue;
        throw Error(std::string("state diff: the ") + (in == &a ? "first" : "second") +
                    " answer makes no sense: " + in->fail_text());
    }
    tasks_.insert(tasks_.end(), std::make_move_iterator(pushed_.rbegin()),
                  std::make_move_iterator(pushed_.rend()));
}

void StateDiff::take_top(ByteReader& a, ByteReader& b) {
    std::uint64_t first_id = 0, second_id = 0;
    std::vector<std::uint64_t> first, second;
    const auto varint = [](ByteReader& in, std::uint64_t& out) { return in.varint(out); };
    if (!read_both(a, b, first_id, second_id, varint) ||
        !read_both(a, b, first, second, read_hashes))
        return;
    if (first.size() != second.size() || first.empty() != (schema_.size() == 0)) {
        b.fail("hashes of another number of templates");
        return;
    }
    const std::size_t from = next_template_;
    if (from == 0 && first_id != second_id)
        add({.path = "world .next_id",
             .first = std::to_string(first_id),
             .second = std::to_string(second_id)});
    if (first.size() > schema_.size() - from) {
        b.fail("hashes of too many templates");
        return;
    }
    for (std::size_t i = 0; i < first.size(); ++i)
        if (first[i] != second[i])
            push({{.kind = Kind::ranges,
                   .template_index = static_cast<TemplateIndex>(from + i),
                   .level = detail::kMostLevels}});
    next_template_ = from + first.size();
    if (!first.empty() && next_template_ < schema_.size())
        push({{.kind = Kind::top, .from = next_template_}});
}

void StateDiff::take_ranges(const Task& task, ByteReader& a, ByteReader& b) {
    struct Child {
        std::uint64_t rows = 0, hash = 0;
    };
    const auto read = [](ByteReader& in, Child& out) {
        return in.varint(out.rows) && (out.rows == 0 || read_hash(in, out.hash));
    };
    StateQuestion below = task.question;
    --below.level;
    for (std::uint64_t child = 0; child < detail::kFanOut; ++child) {
        Child first, second;
        if (!read_both(a, b, first, second, read)) return;
        if (first.rows == second.rows && first.hash == second.hash) continue;
        below.prefix = task.question.prefix << detail::kFanOutBits | child;
        const bool is_small = below.level == 0 || std::max(first.rows, second.rows) <= kLeafRows;
        below.kind = is_small ? Kind::rows : Kind::ranges;
        push({below});
    }
}

void StateDiff::take_rows(const Task& task, ByteReader& a, ByteReader& b) {
    auto sides = std::make_shared<Sides>();
    std::vector<std::uint64_t> first, second;
    if (!read_both(a, b, sides->ids[0], sides->ids[1], read_ids) ||
        !read_both(a, b, first, second, read_hashes))
        return;
    const std::size_t fields = schema_[task.question.template_index].fields.size();
    if (first.size() != second.size() || first.size() > fields - task.question.from ||
        (first.empty() && task.question.from < fields)) {
        b.fail("hashes of another number of fields");
        return;
    }
    const std::vector<std::int64_t>&in_first = sides->ids[0], &in_second = sides->ids[1];
    if (task.question.from == 0) {
        const auto one_sided = [&](const std::vector<std::int64_t>& from,
                                   const std::vector<std::int64_t>& other, bool is_first) {
            for (const std::int64_t id : from) {
                if (std::binary_search(other.begin(), other.end(), id)) continue;
                add({.path = path_of(task, id),
                     .first = is_first ? "there" : kNothing,
                     .second = is_first ? kNothing : "there",
                     .entity = {id},
                     .template_index = task.question.template_index});
            }
        };
        one_sided(in_first, in_second, true);
        one_sided(in_second, in_first, false);
    }
    for (std::size_t i = 0; i < first.size(); ++i) {
        if (first[i] == second[i]) continue;
        StateQuestion cells = task.question;
        cells.kind = Kind::cells;
        cells.field = task.question.from + i;
        cells.from = 0;
        push({cells, sides});
    }
    if (task.question.from + first.size() < fields) {
        StateQuestion more = task.question;
        more.from += first.size();
        push({more});
    }
}

void StateDiff::take_cells(const Task& task, ByteReader& a, ByteReader& b) {
    const FieldSpec& spec =
        schema_[task.question.template_index].fields[static_cast<std::size_t>(task.question.field)];
    const auto read = [&](ByteReader& in, std::vector<Content>& out) {
        std::uint64_t count;
        if (!in.count(count)) return false;
        if (count > kLeafRows) return in.fail("more cells than were asked for");
        for (std::uint64_t i = 0; i < count; ++i)
            if (!read_content(in, spec.type, out.emplace_back())) return false;
        return true;
    };
    std::vector<Content> first, second;
    if (!read_both(a, b, first, second, read)) return;
    // A side may tell fewer than the other where its contents are long: what only one has told is
    // asked for again.
    const std::vector<std::int64_t>&in_first = task.sides->ids[0], &in_second = task.sides->ids[1];
    const auto from = static_cast<std::size_t>(task.question.from);
    if (first.size() > in_first.size() - std::min(from, in_first.size()) ||
        second.size() > in_second.size() - std::min(from, in_second.size()) ||
        (first.empty() && second.empty())) {
        b.fail("another number of cells");
        return;
    }
    std::size_t i = from, j = from;
    while (i < from + first.size() && j < from + second.size()) {
        if (in_first[i] != in_second[j]) {
            ++(in_first[i] < in_second[j] ? i : j);
            continue;
        }
        const Content &x = first[i - from], &y = second[j - from];
        if (!(x == y)) {
            StateQuestion about = task.question;
            about.id = in_first[i];
            about.from = 0;
            about.kind = Kind::pages;
            if (x.is_array && y.is_array)
                push({about});
            else
                add({.path = path_of(task, about.id) + " ." + spec.name,
                     .first = x.text,
                     .second = y.text,
                     .entity = {about.id},
                     .template_index = about.template_index,
                     .field = static_cast<FieldIndex>(about.field)});
        }
        ++i;
        ++j;
    }
    const std::size_t next = std::min(i, j);
    if (i < in_first.size() && j < in_second.size() && next > from) {
        Task more = task;
        more.question.from = next;
        push(std::move(more));
    }
}

void StateDiff::take_pages(const Task& task, ByteReader& a, ByteReader& b) {
    const FieldSpec& spec =
        schema_[task.question.template_index].fields[static_cast<std::size_t>(task.question.field)];
    const std::uint64_t cells =
        detail::kPageBytes / (spec.element == FieldType::boolean ? 1 : sizeof(std::uint64_t));
    std::vector<std::uint64_t> first, second;
    if (!read_both(a, b, first, second, read_hashes)) return;
    if (first.size() != second.size() || first.empty()) {
        b.fail("hashes of another number of pages");
        return;
    }
    StateQuestion page = task.question;
    page.kind = Kind::page;
    for (std::size_t i = 0; i < first.size(); ++i) {
        page.from = task.question.from + i * cells;
        if (page.from >= spec.length) {
            b.fail("hashes of too many pages");
            return;
        }
        if (first[i] != second[i]) push({page});
    }
    page.kind = Kind::pages;
    page.from = task.question.from + first.size() * cells;
    if (page.from < spec.length) push({page});
}

void StateDiff::take_page(const Task& task, ByteReader& a, ByteReader& b) {
    const FieldSpec& spec =
        schema_[task.question.template_index].fields[static_cast<std::size_t>(task.question.field)];
    std::uint64_t first_count = 0, second_count = 0;
    const auto count = [](ByteReader& in, std::uint64_t& out) { return in.count(out); };
    if (!read_both(a, b, first_count, second_count, count)) return;
    if (first_count != second_count || first_count > spec.length - task.question.from) {
        b.fail("another number of cells");
        return;
    }
    std::vector<Content> first(first_count), second(second_count);
    const auto read = [&](ByteReader& in, std::vector<Content>& out) {
        return std::all_of(out.begin(), out.end(),
                           [&](Content& cell) { return read_content(in, spec.element, cell); });
    };
    if (!read_both(a, b, first, second, read)) return;
    for (std::size_t i = 0; i < first.size(); ++i) {
        if (first[i] == second[i]) continue;
        const auto cell = static_cast<std::uint32_t>(task.question.from + i);
        add({.path = path_of(task, task.question.id) + " ." + spec.name + "[" +
                     std::to_string(cell + 1) + "]",
             .first = first[i].text,
             .second = second[i].text,
             .entity = {task.question.id},
             .template_index = task.question.template_index,
             .field = static_cast<FieldIndex>(task.question.field),
             .cell = cell});
    }
}

void StateDiff::take_hosts(const Task& task, ByteReader& a, ByteReader& b) {
    struct Part {
        std::string_view name;
        std::uint64_t hash = 0;
    };
    struct Parts {
        std::uint8_t more = 0;
        std::vector<Part> parts;
    };
    const auto read = [](ByteReader& in, Parts& out) {
        std::uint64_t count;
        if (!in.byte(out.more) || !in.count(count, 9)) return false;
        out.parts.resize(static_cast<std::size_t>(count));
        for (Part& part : out.parts)
            if (!in.string(part.name) || !read_hash(in, part.hash)) return false;
        return true;
    };
    Parts first, second;
    if (!read_both(a, b, first, second, read)) return;
    const std::size_t count = std::min(first.parts.size(), second.parts.size());
    for (std::size_t i = 0; i < std::max(first.parts.size(), second.parts.size()); ++i) {
        const auto name = [i](const Parts& side) {
            return i < side.parts.size() ? std::string(side.parts[i].name) : std::string(kNothing);
        };
        if (i >= count || first.parts[i].name != second.parts[i].name)
            add({.path = "host state " + std::to_string(task.question.from + i + 1),
                 .first = name(first),
                 .second = name(second)});
        else if (first.parts[i].hash != second.parts[i].hash)
            push({{.kind = Kind::dump, .field = task.question.from + i},
                  nullptr,
                  {},
                  {},
                  name(first)});
    }
    if (first.more != 0 && second.more != 0 && count > 0)
        push({{.kind = Kind::hosts, .from = task.question.from + count}});
}

// Line by line, as far as both have come.
void StateDiff::take_dump(const Task& task, ByteReader& a, ByteReader& b) {
    struct Piece {
        std::uint64_t size = 0;
        std::string_view text;
    };
    const auto read = [](ByteReader& in, Piece& out) {
        return in.varint(out.size) && in.string(out.text);
    };
    Piece first, second;
    if (!read_both(a, b, first, second, read)) return;
    std::string x = task.text_first + std::string(first.text);
    std::string y = task.text_second + std::string(second.text);
    const auto line_of = [](const std::string& text, std::size_t from) {
        return text.substr(from, text.find('\n', from) - from);
    };
    std::size_t i = 0, j = 0;
    const auto offset = task.question.from + std::max(first.text.size(), second.text.size());
    const bool is_end =
        offset >= std::max(first.size, second.size) || (first.text.empty() && second.text.empty());
    while (i < x.size() || j < y.size()) {
        const bool has_first = x.find('\n', i) != std::string::npos;
        const bool has_second = y.find('\n', j) != std::string::npos;
        if (!is_end && (!has_first || !has_second)) break;
        const std::string line = line_of(x, std::min(i, x.size()));
        const std::string other = line_of(y, std::min(j, y.size()));
        if (line != other) {
            // The same path on both sides leaves the contents.
            const std::size_t colon = line.find(": ");
            const bool same_path =
                colon != std::string::npos && other.compare(0, colon + 2, line, 0, colon + 2) == 0;
            add({.path = same_path ? line.substr(0, colon) : "host " + task.host,
                 .first = same_path      ? line.substr(colon + 2)
                          : line.empty() ? kNothing
                                         : line,
                 .second = same_path       ? other.substr(colon + 2)
                           : other.empty() ? kNothing
                                           : other});
        }
        i = std::min(i + line.size() + 1, x.size());
        j = std::min(j + other.size() + 1, y.size());
    }
    if (is_end) return;
    Task more = task;
    more.question.from = offset;
    more.text_first = x.substr(i);
    more.text_second = y.substr(j);
    push(std::move(more));
}

std::string describe(const StateDifference& difference) {
    return difference.path + ": " + difference.first + " / " + difference.second;
}

StateComparison compare_states(const World& first, const World& second, std::size_t limit) {
    if (first.schema().digest() != second.schema().digest())
        throw Error("the two states have other templates: nothing can be compared");
    StateDiff diff(first.schema(), limit);
    Bytes question, a, b;
    while (diff.next(question)) {
        a.clear();
        b.clear();
        answer_state_question(first, question.view(), a);
        answer_state_question(second, question.view(), b);
        diff.take(a.view(), b.view());
    }
    return {diff.differences(), diff.is_cut()};
}

}  // namespace canon
