#include "world/texts.hpp"

#include <algorithm>
#include <cstring>
#include <new>
#include <utility>

#include "canon/hash.hpp"

namespace canon::detail {

Texts::~Texts() {
    for (Text* text : slots_)
        if (text != nullptr) memory_.give(text, text->size_class);
}

const Text* Texts::intern(std::string_view content) {
    const std::uint64_t hash =
        hash_bytes({reinterpret_cast<const std::uint8_t*>(content.data()), content.size()});
    std::size_t mask = slots_.size() - 1;
    std::size_t at = hash & mask;
    for (; slots_[at] != nullptr; at = (at + 1) & mask)
        if (slots_[at]->hash == hash && slots_[at]->view() == content) return slots_[at];

    if ((used_ + 1) * 2 > slots_.size()) {
        std::vector<Text*> before = std::exchange(slots_, std::vector<Text*>(slots_.size() * 2));
        mask = slots_.size() - 1;
        for (Text* text : before) {
            if (text == nullptr) continue;
            at = text->hash & mask;
            while (slots_[at] != nullptr) at = (at + 1) & mask;
            slots_[at] = text;
        }
        at = hash & mask;
        while (slots_[at] != nullptr) at = (at + 1) & mask;
    }
    std::uint8_t size_class;
    void* memory = memory_.take(Text::kHeaderBytes + content.size(), size_class);
    auto* text = new (memory) Text{hash, static_cast<std::uint32_t>(content.size()), 0, size_class};
    if (!content.empty())
        std::memcpy(static_cast<std::byte*>(memory) + Text::kHeaderBytes, content.data(),
                    content.size());
    slots_[at] = text;
    ++used_;
    bytes_ += Text::kHeaderBytes + content.size();
    return text;
}

void Texts::end_sweep() noexcept {
    std::vector<Text*> before(slots_.size());
    before.swap(slots_);
    used_ = bytes_ = 0;
    const std::size_t mask = slots_.size() - 1;
    for (Text* text : before) {
        if (text == nullptr) continue;
        if (text->marked != sweep_) {
            memory_.give(text, text->size_class);
            continue;
        }
        std::size_t at = text->hash & mask;
        while (slots_[at] != nullptr) at = (at + 1) & mask;
        slots_[at] = text;
        ++used_;
        bytes_ += Text::kHeaderBytes + text->size;
    }
    sweep_at_ = std::max(kLeastBytes, bytes_ * 2);
    ++sweep_;
}

}  // namespace canon::detail
