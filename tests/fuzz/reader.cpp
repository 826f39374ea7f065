// Reader: what the readers of canonical bytes accept is written back as the same bytes; what they
// refuse leaves nothing behind.
//
// Input: a byte for the reader, then the bytes to read.
#include <array>
#include <cereal/types/string.hpp>
#include <cstring>
#include <map>
#include <optional>
#include <set>
#include <variant>
#include <vector>

#include "canon/serialize.hpp"
#include "fuzz/support/choices.hpp"
#include "fuzz/support/target.hpp"

namespace canon::fuzz {
namespace {

bool is_prefix(const Bytes& written, Input read, std::size_t size) {
    return written.size() == size &&
           (size == 0 || std::memcmp(written.data(), read.data(), size) == 0);
}

void check_value(Input bytes) {
    ByteReader in(bytes), skipper(bytes);
    Value value(1);
    const bool is_good = read_value(in, value);
    expect(is_good == skipper.skip_value(), "a value is skipped exactly if it can be read");
    expect(in.offset() == skipper.offset(), "skipping ends where reading does");
    expect(in.offset() <= bytes.size(), "a reader stays in its bytes");
    if (!is_good) {
        expect(in.failed() && in.left() == 0 && in.why() != nullptr,
               "a failed reader is at its end");
        expect(value.is_nil(), "what cannot be read leaves nil");
        return;
    }
    expect(!in.failed(), "a reader that read has not failed");
    Bytes written;
    write_value(written, value);
    expect(is_prefix(written, bytes, in.offset()), "a value that was read writes the same bytes");
    expect(value_from_bytes(written.view()) == value, "a value equals what its bytes read as");
    // Not all that is read back is the same: JSON has no bytes and no integer keys.
    const std::string text = to_json(value);
    const Value from_text = value_from_json(text);
    expect(to_json(value_from_json(to_json(from_text))) == to_json(from_text),
           "what JSON can say it says again");
}

enum class Mood : std::uint8_t { calm, angry };

struct Part {
    std::string name;
    std::optional<double> weight;
    std::vector<Part> parts;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(CEREAL_NVP(name), CEREAL_NVP(weight), CEREAL_NVP(parts));
    }
};

// A field of each kind that archives know.
struct Everything {
    bool flag = false;
    std::int8_t tiny = 0;
    std::uint16_t small = 0;
    std::int32_t medium = 0;
    std::uint64_t large = 0;
    float half = 0;
    double whole = 0;
    Mood mood = Mood::calm;
    std::array<std::int16_t, 2> pair{};
    std::vector<bool> flags;
    std::vector<std::uint8_t> bytes;
    std::set<std::string> names;
    std::multiset<int> numbers;
    std::map<std::int64_t, std::string> texts;
    std::variant<int, std::string, Value> choice;
    EntityId entity;
    JobId job;
    Frame frame;
    Stamp stamp;
    Value value;
    Part part;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(CEREAL_NVP(flag), CEREAL_NVP(tiny), CEREAL_NVP(small), CEREAL_NVP(medium),
                CEREAL_NVP(large), CEREAL_NVP(half), CEREAL_NVP(whole), CEREAL_NVP(mood),
                CEREAL_NVP(pair), CEREAL_NVP(flags), CEREAL_NVP(bytes), CEREAL_NVP(names),
                CEREAL_NVP(numbers), CEREAL_NVP(texts), CEREAL_NVP(choice), CEREAL_NVP(entity),
                CEREAL_NVP(job), CEREAL_NVP(frame), CEREAL_NVP(stamp), CEREAL_NVP(value),
                CEREAL_NVP(part));
    }
};

void check_archive(Input bytes) {
    ByteReader in(bytes);
    Everything object;
    try {
        ReadArchive archive(in);
        archive(object);
    } catch (const Error&) {
        expect(in.failed(), "an archive that refused can read no more");
        return;
    }
    Bytes written;
    WriteArchive{written}(object);
    expect(is_prefix(written, bytes, in.offset()), "an object that was read writes the same bytes");
    Hasher hasher, of_bytes;
    HashArchive{hasher}(object);
    of_bytes.update(written.view());
    expect(hasher.digest() == of_bytes.digest(), "an object's hash is that of its bytes");
    std::string text;
    DumpArchive{text}(object);
    expect(!text.empty(), "an object has a text");
}

// Single reads, one after the other, each written again.
void check_plain(Choices& choices, Input bytes) {
    ByteReader in(bytes);
    Bytes written;
    for (int i = 0; i < 64; ++i) {
        const std::size_t offset = in.offset();
        bool is_good = false;
        switch (choices.below(6)) {
            case 0: {
                std::uint8_t byte;
                if ((is_good = in.byte(byte))) written.put(byte);
                break;
            }
            case 1: {
                std::uint64_t number;
                if ((is_good = in.varint(number))) written.put_varint(number);
                break;
            }
            case 2: {
                std::int64_t number;
                if ((is_good = in.zigzag(number))) written.put_zigzag(number);
                break;
            }
            case 3: {
                double number;
                if ((is_good = in.number(number))) written.put_float(number);
                break;
            }
            case 4: {
                std::string_view text;
                if ((is_good = in.string(text))) written.put_string(text);
                break;
            }
            default: {
                std::uint64_t count;
                const std::size_t least = 1 + choices.below(16);
                if (!(is_good = in.count(count, least))) break;
                written.put_varint(count);
                expect(count <= in.left() / least, "a count has room in what is left");
                break;
            }
        }
        if (is_good) continue;
        expect(in.failed() && in.left() == 0, "a failed reader is at its end");
        expect(in.offset() >= offset && in.offset() <= bytes.size(), "a reader stays in its bytes");
        return;
    }
    expect(is_prefix(written, bytes, in.offset()), "what was read writes the same bytes");
}

void run(Input input) {
    Choices choices(input);
    const std::uint8_t reader = choices.byte();
    const Input bytes = input.empty() ? input : input.subspan(1);
    if (reader % 3 == 0) return check_value(bytes);
    if (reader % 3 == 1) return check_archive(bytes);
    constexpr std::size_t kKinds = 16;  // which reads come, before the bytes
    check_plain(choices, bytes.subspan(std::min(bytes.size(), kKinds)));
}

const Target kTarget("reader", "read_value, ReadArchive, ByteReader against what is written", run);

}  // namespace
}  // namespace canon::fuzz
