#include "jobs/script_texts.hpp"

#include <mutex>

#include "canon/hash.hpp"
#include "script/compiler.hpp"

namespace canon::jobs {
namespace {

constexpr std::size_t kMaxCached = 32 << 20;

}  // namespace

ScriptTexts::ScriptTexts() { too_large_.problem = "the script's text is larger than 16 MiB"; }

ScriptText* ScriptTexts::use(std::string_view source) {
    if (source.size() > script::kMaxSource) {
        ++too_large_.uses;
        return &too_large_;
    }
    const std::uint64_t hash =
        hash_bytes({reinterpret_cast<const std::uint8_t*>(source.data()), source.size()});
    const auto find = [&]() -> ScriptText* {
        const auto same = texts_.find(hash);
        if (same == texts_.end()) return nullptr;
        for (const auto& text : same->second)
            if (text->source == source) {
                text->uses.fetch_add(1);
                return text.get();
            }
        return nullptr;
    };
    {
        std::shared_lock lock(mutex_);
        if (ScriptText* const text = find()) return text;
    }
    auto text = std::make_unique<ScriptText>();
    text->source = source;
    text->problem = script::compile(source, "script", text->code);
    text->uses = 1;
    std::lock_guard lock(mutex_);
    if (ScriptText* const other = find()) return other;  // another thread was as quick
    ScriptText* const made = text.get();
    bytes_ += made->source.size() + made->code.size();
    texts_[hash].push_back(std::move(text));
    if (bytes_ > kMaxCached)
        for (auto at = texts_.begin(); at != texts_.end();) {
            std::erase_if(at->second, [&](const auto& old) {
                if (old->uses != 0) return false;
                bytes_ -= old->source.size() + old->code.size();
                return true;
            });
            at = at->second.empty() ? texts_.erase(at) : std::next(at);
        }
    return made;
}

}  // namespace canon::jobs
