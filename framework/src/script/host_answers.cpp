#include "script/host_answers.hpp"

#include <exception>
#include <string>

#include "canon/error.hpp"

namespace canon::script {
namespace {

std::uint32_t take_told(const HostFunction& function, ByteReader& in, Bytes& results) {
    std::uint8_t has_thrown = 0;
    std::string_view name, text;
    std::uint64_t count = 0;
    if (in.left() == 0) throw Error("the recording tells of no answer here");
    if (!in.byte(has_thrown) || !in.string(name)) throw Error("a recorded answer is malformed");
    if (name != function.full_name())
        throw Error("the recording tells of an answer of " + std::string(name) + " here");
    if (has_thrown != 0) {
        if (!in.string(text)) throw Error("a recorded answer is malformed");
        throw Error(std::string(text));
    }
    in.count(count);
    const std::uint8_t* const begin = in.position();
    for (std::uint64_t i = 0; i < count; ++i)
        if (!in.skip_value()) break;
    if (in.failed() || count > UINT32_MAX) throw Error("a recorded answer is malformed");
    results.append({begin, static_cast<std::size_t>(in.position() - begin)});
    return static_cast<std::uint32_t>(count);
}

void keep_error(const HostFunction& function, HostAnswers& answers, std::string_view text) {
    answers.kept.put(1);
    answers.kept.put_string(function.full_name());
    answers.kept.put_string(text);
}

}  // namespace

std::uint32_t invoke_host_function(const HostFunction& function, HostAnswers* answers,
                                   ByteReader& arguments, std::uint32_t count, Bytes& results) {
    if (answers == nullptr || function.purity != Purity::external)
        return function.invoke(arguments, count, results);
    if (answers->are_told) return take_told(function, answers->told, results);
    const std::size_t begin = results.size();
    std::uint32_t given = 0;
    try {
        given = function.invoke(arguments, count, results);
    } catch (const std::exception& error) {
        keep_error(function, *answers, error.what());
        throw;
    } catch (...) {
        // As the recording will tell it, so that both sides see the same.
        constexpr const char* kText = "has thrown something that is no std::exception";
        keep_error(function, *answers, kText);
        throw Error(kText);
    }
    answers->kept.put(0);
    answers->kept.put_string(function.full_name());
    answers->kept.put_varint(given);
    answers->kept.append(results.view(begin, results.size()));
    return given;
}

}  // namespace canon::script
