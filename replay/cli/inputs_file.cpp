#include "cli/inputs_file.hpp"

#include <fmt/format.h>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <limits>
#include <tuple>

#include "canon/json.hpp"
#include "canon/program.hpp"

namespace canon::cli {
namespace {

constexpr const char* kExpected =
    R"(a line is like {"frame": 3, "source": 1, "data": {"kind": "move"}})";

// A whole number of `line` from `least` to `most`; `otherwise` where it is absent.
std::uint64_t read_number(const Map& line, const char* name, std::uint64_t least,
                          std::uint64_t most, std::uint64_t otherwise) {
    const Value* value = line.find(name);
    if (value == nullptr) return otherwise;
    const bool whole = value->type() == Value::Type::integer && value->as_integer() >= 0;
    const std::uint64_t number = whole ? static_cast<std::uint64_t>(value->as_integer()) : 0;
    if (!whole || number < least || number > most)
        throw Error(fmt::format("\"{}\" is {}, but must be a whole number from {} to {}", name,
                                to_json(*value), least, most));
    return number;
}

std::uint32_t read_source(const Map& line) {
    if (const Value* value = line.find("source"); value && value->type() == Value::Type::string) {
        for (const std::uint32_t source : {Input::kConsole, Input::kReload, Input::kDone})
            if (value->as_string() == source_name(source)) return source;
        throw Error(fmt::format(
            "\"source\" is {}, but must be a number, \"console\", \"reload\" or \"done\"",
            to_json(*value)));
    }
    return static_cast<std::uint32_t>(
        read_number(line, "source", 0, std::numeric_limits<std::uint32_t>::max(), 0));
}

struct Line {
    std::uint64_t frame = 0;
    std::uint32_t source = 0;
    bool has_sequence = false;
    std::uint64_t sequence = 0;
    Value data;
};

Line read_line(const std::string& text) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::int64_t>::max();
    const Value value = value_from_json(text);
    if (value.type() != Value::Type::map) throw Error("this is no object with a \"frame\"");
    const Map& fields = value.as_map();
    for (const auto& [key, ignored] : fields) {
        const std::string name =
            key.is_integer() ? std::to_string(key.as_integer()) : key.as_string();
        if (name != "frame" && name != "source" && name != "sequence" && name != "data")
            throw Error(fmt::format(
                "\"{}\" is no part of an input; there are frame, source, sequence and data", name));
    }
    if (fields.find("frame") == nullptr) throw Error("there is no \"frame\"");
    Line line;
    line.frame = read_number(fields, "frame", 1, kMost, 0);
    line.source = read_source(fields);
    line.has_sequence = fields.find("sequence") != nullptr;
    line.sequence = read_number(fields, "sequence", 0, kMost, 0);
    line.data = value["data"];
    return line;
}

}  // namespace

InputsFile::InputsFile(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    if (!in)
        throw Error(fmt::format("cannot read the inputs file {}: {}", path, std::strerror(errno)));
    std::map<std::uint32_t, std::uint64_t> next_sequence;  // by source
    std::map<std::tuple<std::uint64_t, std::uint32_t, std::uint64_t>, std::size_t>
        line_numbers;  // frame, source, sequence
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    std::string text;
    for (std::size_t number = 1; std::getline(in, text); ++number) {
        if (text.find_first_not_of(" \t\r") == std::string::npos) continue;
        try {
            Line line = read_line(text);
            if (!line.has_sequence) line.sequence = next_sequence[line.source];
            next_sequence[line.source] = line.sequence + 1;
            const auto [place, is_new] =
                line_numbers.try_emplace({line.frame, line.source, line.sequence}, number);
            if (!is_new)
                throw Error(fmt::format(
                    "source {} has an input with sequence {} for frame {} already, in line {}",
                    source_name(line.source), line.sequence, line.frame, place->second));
            if (line.source == Input::kReload && line.data.type() == Value::Type::string)
                line.data = Input::reload(*Program::from_path(folder / line.data.as_string())).data;
            has_deliveries_ |= line.source == Input::kDone;
            by_frame_[line.frame].push_back({line.source, line.sequence, std::move(line.data)});
        } catch (const Error& error) {
            throw Error(fmt::format("{}:{}: {}; {}", path, number, error.what(), kExpected));
        }
    }
    if (in.bad())
        throw Error(fmt::format("cannot read the inputs file {}: {}", path, std::strerror(errno)));
}

std::span<const Input> InputsFile::of_frame(std::uint64_t frame) const {
    const auto found = by_frame_.find(frame);
    return found == by_frame_.end() ? std::span<const Input>()
                                    : std::span<const Input>(found->second);
}

std::size_t InputsFile::count_after(std::uint64_t frame) const {
    std::size_t count = 0;
    for (auto it = by_frame_.upper_bound(frame); it != by_frame_.end(); ++it)
        count += it->second.size();
    return count;
}

}  // namespace canon::cli
