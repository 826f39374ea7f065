// Recording: whatever the bytes, a reader gives each of them once, as chunk, hole or tail; a repair
// keeps every whole chunk; a place that is found is what it says.
//
// Input: a byte for how the file is made. Odd: the rest is the file. Even: the rest tells chunks,
// with right hashes and any fields, and what is done to them then.
#include <algorithm>
#include <vector>

#include "canon/hash.hpp"
#include "container/chunk_finder.hpp"
#include "container/chunk_reader.hpp"
#include "container/packing.hpp"
#include "container/repair.hpp"
#include "fuzz/support/choices.hpp"
#include "fuzz/support/target.hpp"

namespace canon::fuzz {
namespace {

using namespace canon::replay;

using File = std::vector<std::uint8_t>;

// Mostly as a writer would, now and then not.
class Forger {
  public:
    explicit Forger(Choices& choices) : choices_(choices) {}

    File make() {
        for (int i = 0; i < 40 && !choices_.empty(); ++i) add_chunk();
        File file(out_.view().begin(), out_.view().end());
        for (int i = 0; i < 4 && !choices_.empty(); ++i) change(file);
        return file;
    }

  private:
    bool rarely() { return choices_.below(16) == 15; }

    void add_chunk() {
        ChunkHeader header;
        header.kind = static_cast<ChunkKind>(1 + choices_.below(7));
        if (rarely()) sequence_ = choices_.byte(), chain_ = 0;
        if (rarely()) segment_ = choices_.byte();
        if (sequence_ == 0) header.kind = ChunkKind::meta;
        header.segment = segment_;
        header.sequence = sequence_;
        const bool has_frames = header.kind == ChunkKind::frames;
        header.frames = {Frame{position_}, has_frames ? choices_.byte() : 0u};
        if (rarely()) header.frames.first.value = choices_.bits();
        if (rarely()) header.frames.count = static_cast<std::uint32_t>(choices_.bits());
        Bytes payload, stored;
        make_payload(header, payload);
        packer_[choices_.below(2)].pack(payload.view(), header, stored);
        if (rarely()) header.raw_bytes = static_cast<std::uint32_t>(choices_.bits()) >> 6;
        if (rarely()) header.stored_bytes = static_cast<std::uint32_t>(choices_.bits()) >> 6;
        if (rarely()) header.version = choices_.byte();
        header.chain = is_bookkeeping(header.kind) ? chain_ : chain_of(header, chain_);
        places_.push_back(out_.size());
        write_header(out_, header);
        out_.append(stored.view());
        position_ = header.frames.end().value;
        if (!is_bookkeeping(header.kind)) {
            chain_ = header.chain;
            sequence_ += 1;
        }
        if (header.kind == ChunkKind::end) sequence_ = choices_.byte() % 2;
    }

    std::uint64_t some_place() {
        return places_.empty() ? 0 : places_[choices_.below(places_.size())];
    }

    void make_payload(const ChunkHeader& header, Bytes& payload) {
        const std::uint64_t here = out_.size();
        if (header.kind == ChunkKind::end) {
            write_end(payload, {some_place(), some_place(), {choices_.byte()}, choices_.byte()},
                      here);
        } else if (header.kind == ChunkKind::index && !places_.empty()) {
            IndexPage page;
            page.number = choices_.byte();
            for (std::size_t i = choices_.below(4); i > 0; --i)
                page.links.push_back({some_place(), {choices_.byte()}});
            if (choices_.below(2) == 1) page.start = {some_place(), {choices_.byte()}};
            std::vector<std::uint64_t> offsets;
            for (std::size_t i = choices_.below(6); i > 0; --i) offsets.push_back(some_place());
            std::sort(offsets.begin(), offsets.end());
            for (const std::uint64_t offset : offsets)
                page.entries.push_back({offset,
                                        static_cast<ChunkKind>(1 + choices_.below(4)),
                                        {{choices_.byte()}, choices_.byte()}});
            write_page(payload, page, here);
        } else {
            const std::string text = choices_.text(60);
            payload.append(text.data(), text.size());
        }
    }

    void change(File& file) {
        if (file.empty()) return;
        const std::size_t at = choices_.bits() % file.size();
        const std::size_t count = std::min<std::size_t>(choices_.byte(), file.size() - at);
        const auto begin = file.begin() + static_cast<long>(at);
        switch (choices_.below(4)) {
            case 0:
                *begin ^= static_cast<std::uint8_t>(1u << choices_.below(8));
                break;
            case 1:
                file.erase(begin, begin + static_cast<long>(count));
                break;
            case 2:
                file.insert(begin, count, choices_.byte());
                break;
            default:
                file.resize(at);
                break;
        }
    }

    Choices& choices_;
    Packer packer_[2] = {Packer(0), Packer(1)};
    Bytes out_;
    std::vector<std::uint64_t> places_;
    std::uint64_t segment_ = 1;
    std::uint32_t sequence_ = 0;
    std::uint64_t chain_ = 0;
    std::uint64_t position_ = 0;
};

struct Kept {
    ChunkHeader header;
    std::uint64_t stored_hash;
    friend bool operator==(const Kept&, const Kept&) = default;
};

// What is whole, without INDEX and END.
std::vector<Kept> read(const File& file, bool& is_clean) {
    MemorySource source(file);
    ChunkReader reader(source);
    std::vector<Kept> kept;
    std::uint64_t at = 0;
    std::uint32_t segment = 0;
    for (is_clean = true;;) {
        switch (reader.next()) {
            case Found::chunk: {
                const Chunk& chunk = reader.chunk();
                expect(chunk.offset == at, "a chunk begins where what is before it ends");
                expect(chunk.segment == segment || chunk.segment == segment + 1,
                       "segments are counted");
                segment = chunk.segment;
                at += chunk.header.total_bytes();
                try {
                    expect(reader.payload().size() == chunk.header.raw_bytes,
                           "a payload has the size that is told");
                } catch (const Error&) {
                }
                if (!is_bookkeeping(chunk.header.kind))
                    kept.push_back({chunk.header, hash_bytes(reader.stored())});
                break;
            }
            case Found::hole: {
                const Hole& hole = reader.hole();
                is_clean = false;
                expect(hole.begin == at && hole.end >= at,
                       "a hole begins where what is before it ends");
                expect(!hole.lost_frames.begin || !hole.lost_frames.end ||
                           *hole.lost_frames.begin <= *hole.lost_frames.end,
                       "lost frames are a range");
                expect(!describe(hole).empty(), "a hole can be told");
                at = hole.end;
                break;
            }
            case Found::end:
                expect(reader.tail().begin == at && reader.tail().end == file.size(),
                       "a tail is all that is left");
                is_clean = is_clean && reader.tail().state == Tail::State::closed;
                return kept;
        }
    }
}

void check_places(const File& file) {
    MemorySource source(file);
    ChunkFinder finder(source);
    finder.way();
    for (const std::uint64_t frame : {0ull, 3ull, 100ull, 400ull, ~0ull}) {
        for (const std::uint32_t segment : {0u, 1u}) {
            const auto start = finder.find_start(Frame{frame}, segment);
            const auto frames = finder.find_frames(Frame{frame}, segment);
            for (const auto& place : {start, frames}) {
                if (!place) continue;
                expect(place->position.value <= frame, "a place lies before what is looked for");
                ChunkReader reader(source);
                reader.seek(*place);
                const Found found = reader.next();
                if (place == start || found == Found::chunk)
                    expect(reader.chunk().offset == place->offset &&
                               reader.chunk().header.position() == place->position,
                           "at a place is the chunk that was found");
            }
        }
    }
}

void run(Input input) {
    Choices choices(input);
    const bool is_forged = choices.byte() % 2 == 0;
    const File file =
        is_forged || input.empty() ? Forger(choices).make() : File(input.begin() + 1, input.end());
    bool is_clean = false, is_repaired_clean = false;
    std::vector<Kept> kept;
    try {
        kept = read(file, is_clean);
    } catch (const Error&) {
        return;  // no recording, or a newer one
    }
    check_places(file);
    MemorySource source(file);
    MemorySink sink;
    const Condition condition = repair(source, sink);
    expect(condition.chunks == kept.size(), "a repair finds the chunks that a reader finds");
    if (condition.what == Condition::Class::clean)
        expect(is_clean, "what is clean has no hole and is closed");
    if (kept.empty()) return;
    const File repaired(sink.view().begin(), sink.view().end());
    expect(read(repaired, is_repaired_clean) == kept, "a repair keeps every whole chunk");
    MemorySource again(repaired);
    expect(ChunkFinder(again).way() == ChunkFinder::Way::index, "a repaired file has its index");
    check_places(repaired);
}

const Target kTarget("recording", "ChunkReader, ChunkFinder, repair with damaged and forged files",
                     run);

}  // namespace
}  // namespace canon::fuzz
