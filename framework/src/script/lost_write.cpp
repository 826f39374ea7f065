#include "canon/lost_write.hpp"

namespace canon {
namespace {

std::string job_text(const Stamp& stamp, Frame frame) {
    std::string text = std::to_string(stamp.submission) + ":" + std::to_string(stamp.job);
    if (stamp.frame != frame) text += " of frame " + std::to_string(stamp.frame.value);
    return text;
}

}  // namespace

const char* lost_write_name(LostWrite::Kind kind) noexcept {
    switch (kind) {
        case LostWrite::Kind::global:
            return "global";
        case LostWrite::Kind::module:
            return "module";
        case LostWrite::Kind::upvalue:
            return "upvalue";
        case LostWrite::Kind::field:
            return "field";
        case LostWrite::Kind::overwritten:
            return "overwritten";
    }
    return "unknown";
}

const char* change_name(LostWrite::Change change) noexcept {
    switch (change) {
        case LostWrite::Change::added:
            return "added";
        case LostWrite::Change::changed:
            return "changed";
        case LostWrite::Change::removed:
            return "removed";
    }
    return "unknown";
}

std::string describe(const LostWrite& write) {
    std::string text = write.function;
    if (write.line > 0) text += " (" + write.chunk + ":" + std::to_string(write.line) + ")";
    if (write.kind == LostWrite::Kind::overwritten)
        return text + " has set " + write.owner + "." + write.name + " of entity " +
               std::to_string(write.entity.value) + " in job " +
               job_text(write.stamp, write.frame) + ", where " + write.earlier_function +
               " had set another value in job " + job_text(write.earlier, write.frame);
    text += std::string(" has ") + change_name(write.change);
    switch (write.kind) {
        case LostWrite::Kind::global:
            text += " the global " + write.name;
            break;
        case LostWrite::Kind::module:
            text += " " + write.name + " of the module " + write.owner;
            break;
        case LostWrite::Kind::upvalue:
            text += " the upvalue " + write.name + " of " + write.owner;
            break;
        case LostWrite::Kind::field:
            text += " its copy of " + write.owner + "." + write.name + " of entity " +
                    std::to_string(write.entity.value) + " and not set the field";
            break;
        case LostWrite::Kind::overwritten:
            break;
    }
    return text;
}

}  // namespace canon
