#include "cli/losses.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace canon::cli {
namespace {

using Json = nlohmann::ordered_json;
using replay::Hole;
using replay::Tail;

const char* name_of(Hole::Why why) {
    switch (why) {
        case Hole::Why::damaged:
            return "damaged";
        case Hole::Why::missing:
            return "missing";
        case Hole::Why::foreign:
            return "foreign";
        case Hole::Why::newer:
            return "newer";
    }
    return "";
}

void add(Json& json, const replay::LostFrames& frames) {
    if (!frames.are_none()) {
        if (frames.begin) json["first_frame"] = frames.begin->value;
        if (frames.end) json["last_frame"] = frames.end->value - 1;
    }
    json["frames"] = replay::describe(frames);
}

}  // namespace

std::string describe(const Tail& tail) {
    const std::string lost = replay::describe(tail.lost_frames);
    if (tail.state == Tail::State::torn)
        return fmt::format("bytes {} to {} are a part of a chunk: the end is torn; lost: {}",
                           tail.begin, tail.end - 1, lost);
    return fmt::format(
        "the recording was not closed: it is still being written, or its writer was stopped; "
        "lost, if there were any: {}",
        lost);
}

Json json_of(const Hole& hole) {
    Json json{{"why", name_of(hole.why)},
              {"segment", hole.segment},
              {"begin", hole.begin},
              {"end", hole.end}};
    if (hole.lost_chunks) json["chunks"] = *hole.lost_chunks;
    add(json, hole.lost_frames);
    return json;
}

Json json_of(const Tail& tail) {
    const char* state = tail.state == Tail::State::closed ? "closed"
                        : tail.state == Tail::State::open ? "open"
                                                          : "torn";
    Json json{{"state", state}};
    if (tail.state == Tail::State::closed) return json;
    if (tail.state == Tail::State::torn) {
        json["begin"] = tail.begin;
        json["end"] = tail.end;
    }
    add(json, tail.lost_frames);
    return json;
}

void say(bool as_json, const char* kind, const Json& json, const std::string& text) {
    if (!as_json) {
        fmt::print("{}\n", text);
        return;
    }
    Json line{{"kind", kind}};
    line.update(json);
    fmt::print("{}\n", line.dump());
}

replay::LossReport say_losses(bool as_json) {
    return {[as_json](const Hole& hole) {
                say(as_json, "hole", json_of(hole), replay::describe(hole));
            },
            [as_json](const Tail& tail) { say(as_json, "tail", json_of(tail), describe(tail)); }};
}

}  // namespace canon::cli
