// canon info FILE: what a recording is, and in what condition.
#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "canon/error.hpp"
#include "canon/hash.hpp"
#include "canon/json.hpp"
#include "cli/exit_codes.hpp"
#include "cli/info_recording.hpp"
#include "cli/losses.hpp"
#include "cli/options.hpp"
#include "cli/terminal.hpp"
#include "container/chunk_finder.hpp"
#include "container/survey.hpp"
#include "recording/meta.hpp"

namespace canon::cli {
namespace {

using Json = nlohmann::ordered_json;
using replay::ChunkFinder;
using replay::Meta;
using replay::Survey;
using replay::Tail;

enum class State : std::uint8_t { clean, open, torn, lossy, unusable };

struct Recording {
    std::string file;
    ChunkFinder::Way way{};
    Survey survey;
    std::optional<Meta> meta;  ///< the first one
    std::string why_no_meta;

    State state() const {
        if (!meta || survey.keyframes == 0) return State::unusable;
        if (survey.holes != 0) return State::lossy;
        if (survey.tail.state == Tail::State::torn) return State::torn;
        if (survey.tail.state == Tail::State::open) return State::open;
        // All but the last may have been left open.
        for (const replay::SegmentExtent& extent : survey.extents)
            if (!extent.is_closed) return State::lossy;
        return State::clean;
    }
};

void read_first_meta(replay::ByteSource& source, Recording& out) {
    replay::ChunkReader reader(source);
    for (auto found = reader.next(); found != replay::Found::end; found = reader.next()) {
        if (found == replay::Found::hole || reader.chunk().header.kind != replay::ChunkKind::meta)
            continue;
        try {
            out.meta = replay::read_meta(reader.payload());
        } catch (const Error& error) {
            out.why_no_meta = error.what();
        }
        return;
    }
    out.why_no_meta = "there is no META that is whole";
}

const char* name_of(ChunkFinder::Way way) {
    switch (way) {
        case ChunkFinder::Way::index:
            return "index";
        case ChunkFinder::Way::headers:
            return "headers";
        case ChunkFinder::Way::scan:
            break;
    }
    return "scan";
}

const char* name_of(State state) {
    switch (state) {
        case State::clean:
            return "clean";
        case State::open:
            return "open";
        case State::torn:
            return "torn";
        case State::lossy:
            return "lossy";
        case State::unusable:
            break;
    }
    return "unusable";
}

const char* actions_name(ActionRecord actions) {
    switch (actions) {
        case ActionRecord::none:
            return "none";
        case ActionRecord::hashes:
            return "hashes";
        case ActionRecord::all:
            break;
    }
    return "all";
}

double ratio(double a, std::uint64_t b) { return b == 0 ? 0 : a / static_cast<double>(b); }

double seconds_of(const Recording& recording) {
    return static_cast<double>(recording.survey.frames) / recording.meta->frames_per_second;
}

Json meta_json(const Meta& meta) {
    Json modules = Json::array();
    for (const Module& module : meta.modules)
        modules.push_back(
            {{"name", module.name}, {"file", module.file}, {"bytes", module.source.size()}});
    Json limits = Json::object();
    for (const auto& [name, limit] : replay::changed_limits(meta.limits)) limits[name] = limit;
    const std::string difference = explain_difference(meta.fingerprint, fingerprint());
    return {{"program", meta.program_name},
            {"digest", hash_text(meta.program_digest)},
            {"modules", std::move(modules)},
            {"seed", std::to_string(meta.seed)},
            {"config", Json::parse(to_json(meta.config))},
            {"changed_limits", std::move(limits)},
            {"actions", actions_name(meta.levels.actions)},
            {"effects", meta.levels.effects},
            {"exact", meta.needs_exact},
            {"fingerprint", hash_text(meta.fingerprint.digest())},
            {"this_build", difference.empty()},
            {"difference", difference},
            {"host_handlers", meta.host_handlers},
            {"host_states", meta.host_states},
            {"frames_per_second", meta.frames_per_second}};
}

Json segments_json(const Survey& survey) {
    Json segments = Json::array();
    for (const replay::SegmentExtent& extent : survey.extents) {
        Json segment{{"identity", hash_text(extent.identity)}};
        if (extent.first < extent.behind_last) {
            segment["first_frame"] = extent.first.value;
            segment["last_frame"] = extent.behind_last.value - 1;
        }
        segment["closed"] = extent.is_closed;
        segment["cut_before"] = extent.is_cut_before;
        segment["cut_behind"] = extent.is_cut_behind;
        segments.push_back(std::move(segment));
    }
    return segments;
}

void print_json(const Recording& recording) {
    const Survey& survey = recording.survey;
    Json line{{"file", recording.file}, {"bytes", survey.bytes}};
    if (recording.meta)
        line.update(meta_json(*recording.meta));
    else
        line["meta"] = recording.why_no_meta;
    line["frames"] = survey.frames;
    if (recording.meta) line["seconds"] = seconds_of(recording);
    line["bytes_per_frame"] = ratio(static_cast<double>(survey.bytes), survey.frames);
    line["segments"] = survey.segments;
    line["extents"] = segments_json(survey);
    line["keyframes"] = survey.keyframes;
    line["chunks"] = Json::object();
    for (const auto& [kind, sums] : survey.kinds) {
        Json& of_kind = line["chunks"][replay::kind_name(kind)];
        of_kind = {{"count", sums.chunks}, {"stored", sums.stored}};
        if (survey.has_read_all) of_kind["raw"] = sums.raw;
    }
    line["opened_by"] = name_of(recording.way);
    line["read_all"] = survey.has_read_all;
    line["condition"] = name_of(recording.state());
    line["holes"] = survey.holes;
    Json lost = Json::array();
    for (const replay::Hole& hole : survey.kept_holes) lost.push_back(json_of(hole));
    for (const replay::LostFrames& gap : survey.gaps)
        lost.push_back({{"why", "missing"},
                        {"first_frame", gap.begin->value},
                        {"last_frame", gap.end->value - 1}});
    line["lost"] = std::move(lost);
    if (survey.tail.state != Tail::State::closed) line["tail"] = json_of(survey.tail);
    // A recording's text may hold any bytes; JSON takes only UTF-8.
    fmt::print("{}\n", line.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void entry(const char* name, const std::string& text) { fmt::print("{:<12} {}\n", name, text); }

void print_meta(const Meta& meta) {
    std::size_t bytes = 0;
    for (const Module& module : meta.modules) bytes += module.source.size();
    entry("program", fmt::format("{}, digest {}: {}, {}", printable(meta.program_name, ""),
                                 hash_text(meta.program_digest),
                                 counted(meta.modules.size(), "module"), counted(bytes, "byte")));
    for (const Module& module : meta.modules)
        fmt::print("{:<12}   {}: {}\n", "", printable(module.file, ""),
                   counted(module.source.size(), "byte"));
    entry("seed", std::to_string(meta.seed));
    entry("config", to_json(meta.config));
    std::string limits;
    for (const auto& [name, limit] : replay::changed_limits(meta.limits))
        limits += fmt::format("{}{} {}", limits.empty() ? "" : ", ", name, with_commas(limit));
    entry("limits", limits.empty() ? "the defaults" : limits + "; else the defaults");
    entry("holds", fmt::format("inputs, hashes{}{}",
                               meta.levels.actions == ActionRecord::all      ? ", actions"
                               : meta.levels.actions == ActionRecord::hashes ? ", hashes of actions"
                                                                             : "",
                               meta.levels.effects ? ", effects" : ""));
    for (const std::string& name : meta.host_handlers)
        entry("host", "handler " + printable(name, ""));
    for (const std::string& name : meta.host_states) entry("host", "state " + printable(name, ""));
    const std::string difference = explain_difference(meta.fingerprint, fingerprint());
    entry("fingerprint", fmt::format("{}: {}{}", hash_text(meta.fingerprint.digest()),
                                     difference.empty() ? "that of this build" : "of another build",
                                     meta.needs_exact ? ", and it needs the same one" : ""));
    if (!difference.empty()) fmt::print("{}\n", printable(difference, "             "));
}

void print_frames(const Recording& recording) {
    const Survey& survey = recording.survey;
    std::string text = with_commas(survey.frames);
    if (recording.meta)
        text += fmt::format(": {:.1f} s at {} a second", seconds_of(recording),
                            float_text(recording.meta->frames_per_second));
    if (survey.frames != 0)
        text += fmt::format(", {:.1f} bytes each",
                            ratio(static_cast<double>(survey.bytes), survey.frames));
    entry("frames", text);
    entry("segments", with_commas(survey.segments));
    for (const replay::SegmentExtent& extent : survey.extents) {
        std::string range = "no frames";
        if (extent.first < extent.behind_last)
            range =
                fmt::format("frames {} to {}", extent.first.value, extent.behind_last.value - 1);
        fmt::print("{:<12}   {}{}{}{}\n", "", range, extent.is_closed ? "" : ", not closed",
                   extent.is_cut_before ? ", the beginning is cut off" : "",
                   extent.is_cut_behind ? ", the recording went on" : "");
    }
    if (survey.segments > survey.extents.size())
        fmt::print("{:<12}   and {} more\n", "",
                   with_commas(survey.segments - survey.extents.size()));
    entry("keyframes", with_commas(survey.keyframes));
}

void print_chunks(const Survey& survey) {
    for (const auto& [kind, sums] : survey.kinds) {
        std::string text = fmt::format("{:>9} {:<8} {:>15} bytes stored", with_commas(sums.chunks),
                                       replay::kind_name(kind), with_commas(sums.stored));
        if (survey.has_read_all) text += fmt::format(" {:>15} raw", with_commas(sums.raw));
        entry("chunks", text);
    }
}

void print_condition(const Recording& recording) {
    const Survey& survey = recording.survey;
    std::string state = name_of(recording.state());
    if (recording.state() == State::unusable)
        state += recording.meta ? ": no keyframe is whole, so nothing can be played"
                                : ": " + printable(recording.why_no_meta, "");
    if (!survey.has_read_all)
        state += "; so its index tells: bytes that were damaged later are only found with --all";
    entry("condition", state);
    for (const replay::Hole& hole : survey.kept_holes)
        fmt::print("{:<12}   {}\n", "", describe(hole));
    for (const replay::LostFrames& gap : survey.gaps)
        fmt::print("{:<12}   missing: {}\n", "", describe(gap));
    if (survey.holes > survey.kept_holes.size() + survey.gaps.size())
        fmt::print("{:<12}   and {} more\n", "",
                   counted(survey.holes - survey.kept_holes.size() - survey.gaps.size(), "hole"));
    if (survey.tail.state != Tail::State::closed)
        fmt::print("{:<12}   {}\n", "", describe(survey.tail));
    entry("opened by", survey.has_read_all
                           ? fmt::format("{}; all of it was read", name_of(recording.way))
                           : "index; --all reads the rest, and tells raw bytes");
}

}  // namespace

int info_recording(const std::string& file, bool reads_all, bool as_json) {
    Recording recording;
    recording.file = file;
    try {
        replay::FileSource source(file);
        recording.way = ChunkFinder(source).way();
        std::optional<Survey> by_index;
        if (!reads_all) by_index = replay::survey_by_index(source);
        recording.survey = by_index ? std::move(*by_index) : replay::survey(source);
        read_first_meta(source, recording);
    } catch (const Error& error) {
        return complain(kNoRecording, error.what());
    }
    if (as_json) {
        print_json(recording);
    } else {
        fmt::print("{}: {}\n", file, counted(recording.survey.bytes, "byte"));
        if (recording.meta) print_meta(*recording.meta);
        print_frames(recording);
        print_chunks(recording.survey);
        print_condition(recording);
    }
    switch (recording.state()) {
        case State::clean:
        case State::open:
            return kDone;
        case State::torn:
        case State::lossy:
            return kDamaged;
        case State::unusable:
            break;
    }
    return kNoRecording;
}

}  // namespace canon::cli
