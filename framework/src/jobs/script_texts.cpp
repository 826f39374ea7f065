#include "jobs/script_texts.hpp"

#include <mutex>
#include <tuple>

#include "canon/hash.hpp"
#include "script/compiler.hpp"

namespace canon::jobs {
namespace {

constexpr std::size_t kMaxCached = 32 << 20;

}  // namespace

ScriptTexts::ScriptTexts(std::pmr::memory_resource* memory) : texts_(memory), too_large_(memory) {
    too_large_.problem = "the script's text is larger than 16 MiB";
}

ScriptText* ScriptTexts::use(std::string_view source) {
    if (source.size() > script::kMaxSource) {
        ++too_large_.uses;
        return &too_large_;
    }
    const std::uint64_t hash =
        hash_bytes({reinterpret_cast<const std::uint8_t*>(source.data()), source.size()});
    const auto find = [&]() -> ScriptText* {
        const auto [first, last] = texts_.equal_range(hash);
        for (auto at = first; at != last; ++at) {
            if (at->second.source != source) continue;
            at->second.uses.fetch_add(1);
            return &at->second;
        }
        return nullptr;
    };
    {
        std::shared_lock lock(mutex_);
        if (ScriptText* const text = find()) return text;
    }
    Bytes code;
    std::string problem = script::compile(source, "script", code);
    std::lock_guard lock(mutex_);
    if (ScriptText* const other = find()) return other;  // another thread was as quick
    ScriptText& made = texts_
                           .emplace(std::piecewise_construct, std::forward_as_tuple(hash),
                                    std::forward_as_tuple(texts_.get_allocator().resource()))
                           ->second;
    made.source = source;
    made.code.append(code.view());
    made.problem = std::move(problem);
    made.uses = 1;
    bytes_ += made.source.size() + made.code.size();
    if (bytes_ > kMaxCached)
        for (auto at = texts_.begin(); at != texts_.end();) {
            if (at->second.uses != 0) {
                ++at;
                continue;
            }
            bytes_ -= at->second.source.size() + at->second.code.size();
            at = texts_.erase(at);
        }
    return &made;
}

}  // namespace canon::jobs
