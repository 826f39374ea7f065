// State questions: what canon/state_diff.hpp tells of their bytes.
#pragma once
#include "canon/bytes.hpp"
#include "canon/schema.hpp"

namespace canon {

struct StateQuestion {
    enum class Kind : std::uint8_t { top, ranges, rows, cells, pages, page, hosts, dump };

    Kind kind = Kind::top;
    TemplateIndex template_index = 0;
    std::uint64_t level = 0;   // ranges, rows, cells
    std::uint64_t prefix = 0;  // ranges, rows, cells
    std::int64_t id = 0;       // pages, page
    std::uint64_t field = 0;   // cells, pages, page; dump: the host state
    std::uint64_t from = 0;    // the first template, field, row, cell, host state, or the offset
};

void write_question(Bytes& out, const StateQuestion& question);
/// False for bytes that are none.
bool read_question(std::span<const std::uint8_t> bytes, StateQuestion& out);

}  // namespace canon
