#include "recording/action_diff.hpp"

#include <algorithm>

#include "canon/job_actions.hpp"
#include "canon/json.hpp"

namespace canon::replay {
namespace {

std::string stamp_text(const Stamp& stamp) {
    std::string text = std::to_string(stamp.submission) + ":" + std::to_string(stamp.job);
    if (stamp.round != 0) text += " (round " + std::to_string(stamp.round) + ")";
    return text;
}

bool is_same(const Stamp& a, const Stamp& b) {
    return a.frame == b.frame && a.submission == b.submission && a.job == b.job &&
           a.round == b.round;
}

std::string malformed(const ActionSide& side) {
    return std::string("the actions of ") + side.name + " are malformed";
}

// "A: ..." in a column as wide as the wider name.
std::string line(const ActionSide& side, const ActionSide& other, const std::string& text) {
    std::string label = std::string(side.name) + ":";
    const std::size_t width = std::max(label.size(), std::string(other.name).size() + 1);
    label.resize(width, ' ');
    return label + " " + text;
}

}  // namespace

std::vector<std::string> first_action_difference(const ActionSide& first, const ActionSide& second,
                                                 Frame frame, const Simulation& simulation) {
    JobActionsReader first_jobs(first.job_actions, frame), second_jobs(second.job_actions, frame);
    for (;;) {
        JobActions a, b;
        const bool has_first = first_jobs.next(a), has_second = second_jobs.next(b);
        if (first_jobs.reader().failed()) return {malformed(first)};
        if (second_jobs.reader().failed()) return {malformed(second)};
        if (!has_first && !has_second) return {};
        if (has_first && has_second && is_same(a.stamp, b.stamp) && a.hash == b.hash) continue;

        const bool is_first = has_first && (!has_second || !(b.stamp < a.stamp));
        const JobActions& about = is_first ? a : b;
        const std::string place = simulation.job_place(about.function);
        std::vector<std::string> lines = {"job " + stamp_text(about.stamp) + " of " +
                                          simulation.job_name(about.function) +
                                          (place.empty() ? "" : " (" + place + ")")};
        if (!has_first || !has_second || !is_same(a.stamp, b.stamp)) {
            lines.push_back(std::string("it asked for something only when ") +
                            (is_first ? first : second).name);
            return lines;
        }
        const Schema& schema = simulation.world().schema();
        ActionReader first_actions(a.actions, schema), second_actions(b.actions, schema);
        for (std::size_t index = 0;; ++index) {
            Value x, y;
            const bool has_x = first_actions.next(x), has_y = second_actions.next(y);
            if (first_actions.reader().failed()) return {malformed(first)};
            if (second_actions.reader().failed()) return {malformed(second)};
            // Hashes alone, or an action that JSON shows alike.
            if (!has_x && !has_y) return lines;
            if (has_x && has_y && x == y) continue;
            lines.push_back("action " + std::to_string(index));
            lines.push_back(line(first, second, has_x ? to_json(x) : std::string("none")));
            lines.push_back(line(second, first, has_y ? to_json(y) : std::string("none")));
            return lines;
        }
    }
}

}  // namespace canon::replay
