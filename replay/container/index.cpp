#include "container/index.hpp"

#include <algorithm>

namespace canon::replay {
namespace {

constexpr std::size_t kLeastEntryBytes = 4;
constexpr std::size_t kLeastLinkBytes = 2;
constexpr std::uint64_t kMaxPageFrames = 1u << 31;  // an INDEX tells them in 32 bits

void write_link(Bytes& out, const IndexLink& link, std::uint64_t offset) {
    out.put_varint(offset - link.offset);
    out.put_varint(link.position.value);
}

bool read_link(ByteReader& in, IndexLink& link, std::uint64_t offset) {
    std::uint64_t distance = 0;
    if (!in.varint(distance) || !in.varint(link.position.value)) return false;
    if (distance == 0 || distance > offset) return in.fail("a link leads out of the file");
    link.offset = offset - distance;
    return true;
}

bool read_entry(ByteReader& in, IndexEntry& entry, std::uint64_t offset, const IndexEntry* before) {
    std::uint64_t kind = 0, distance = 0, count = 0;
    std::int64_t step = 0;
    if (!in.varint(kind) || !in.varint(distance) || !in.zigzag(step) || !in.varint(count))
        return false;
    // Each is told against the one before; the first offset against the page.
    if (before == nullptr ? distance > offset : distance > offset - before->offset)
        return in.fail("an entry lies behind its page");
    if (distance == 0 || kind == 0 || kind > UINT16_MAX || count > UINT32_MAX)
        return in.fail("no such chunk");
    entry.kind = static_cast<ChunkKind>(kind);
    entry.offset = before == nullptr ? offset - distance : before->offset + distance;
    entry.frames.first.value =
        (before == nullptr ? 0 : before->frames.first.value) + static_cast<std::uint64_t>(step);
    entry.frames.count = static_cast<std::uint32_t>(count);
    return true;
}

}  // namespace

void write_page(Bytes& out, const IndexPage& page, std::uint64_t offset) {
    out.put_varint(page.number);
    out.put_varint(page.links.size());
    for (const IndexLink& link : page.links) write_link(out, link, offset);
    out.put_varint(page.start ? 1 : 0);
    if (page.start) write_link(out, *page.start, offset);
    out.put_varint(page.entries.size());
    const IndexEntry* before = nullptr;
    for (const IndexEntry& entry : page.entries) {
        out.put_varint(static_cast<std::uint64_t>(entry.kind));
        out.put_varint(before == nullptr ? offset - entry.offset : entry.offset - before->offset);
        out.put_zigzag(static_cast<std::int64_t>(
            entry.frames.first.value - (before == nullptr ? 0 : before->frames.first.value)));
        out.put_varint(entry.frames.count);
        before = &entry;
    }
}

bool read_page(std::span<const std::uint8_t> payload, std::uint64_t offset, IndexPage& page) {
    ByteReader in(payload);
    std::uint64_t count = 0, has_start = 0;
    page = {};
    if (!in.varint(page.number) || !in.count(count, kLeastLinkBytes) || count > 64) return false;
    page.links.resize(count);
    for (IndexLink& link : page.links)
        if (!read_link(in, link, offset)) return false;
    if (!in.varint(has_start) || has_start > 1) return false;
    if (has_start == 1 && !read_link(in, page.start.emplace(), offset)) return false;
    if (!in.count(count, kLeastEntryBytes) || count > kMaxIndexEntries) return false;
    page.entries.resize(count);
    const IndexEntry* before = nullptr;
    for (IndexEntry& entry : page.entries) {
        if (!read_entry(in, entry, offset, before)) return false;
        before = &entry;
    }
    return in.left() == 0;
}

void write_end(Bytes& out, const EndRecord& record, std::uint64_t offset) {
    const std::uint64_t numbers[] = {offset - record.last_page, offset - record.begin,
                                     record.position.value, record.sequence};
    static_assert(sizeof numbers == kEndPayloadBytes);
    out.append(numbers, sizeof numbers);
}

bool read_end(std::span<const std::uint8_t> payload, std::uint64_t offset, EndRecord& record) {
    ByteReader in(payload);
    std::uint64_t numbers[4];
    if (payload.size() != kEndPayloadBytes || !in.raw(numbers, sizeof numbers)) return false;
    if (numbers[1] > offset || numbers[0] == 0 || numbers[0] >= numbers[1]) return false;
    record = {offset - numbers[0], offset - numbers[1], {numbers[2]}, numbers[3]};
    return true;
}

void IndexBuilder::add(const ChunkHeader& header, std::uint64_t offset) {
    page_.entries.push_back({offset, header.kind, header.frames});
    const IndexLink here{offset, header.position()};
    if (header.kind == ChunkKind::meta && header.sequence == 0) last_start_ = here;
    if (header.kind == ChunkKind::key && last_meta_) last_start_ = last_meta_;
    last_meta_.reset();
    if (header.kind == ChunkKind::meta) last_meta_ = here;
}

Frame IndexBuilder::begin() const noexcept {
    const IndexEntry& first = page_.entries.front();
    return first.kind == ChunkKind::frames ? first.frames.first : first.frames.end();
}

bool IndexBuilder::is_due(Frame position) const noexcept {
    const std::size_t count = page_.entries.size();
    if (count == 0) return false;
    if (count >= kMaxIndexEntries || position.value - begin().value >= kMaxPageFrames) return true;
    const ChunkKind last = page_.entries.back().kind;
    return count >= entries_ && last != ChunkKind::meta && last != ChunkKind::key;
}

FrameSpan IndexBuilder::write(Bytes& out, std::uint64_t offset, Frame position) {
    const IndexLink here{offset, begin()};
    page_.links = latest_;
    write_page(out, page_, offset);
    if (page_.number == 0) first_page_ = here;
    for (std::size_t k = 0; k < latest_.size(); ++k)
        if (page_.number % (1ull << k) == 0) latest_[k] = here;
    // Only the first page is a multiple of the next power, until that number is reached.
    if (page_.number == (1ull << latest_.size()) >> 1) latest_.push_back(first_page_);
    last_page_ = offset;
    page_.number += 1;
    page_.entries.clear();
    page_.start = last_start_;
    return {here.position, static_cast<std::uint32_t>(position.value - here.position.value)};
}

}  // namespace canon::replay
