#include "canon/serialize.hpp"

#include <algorithm>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <limits>
#include <memory>
#include <set>
#include <string>
#include <tuple>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "canon/host_state.hpp"
#include "canon/random.hpp"
#include "core_goldens.hpp"
#include "core_random_values.hpp"

namespace canon {
namespace {

namespace detail = serialize_detail;

enum class Mood : std::uint8_t { calm, angry = 7 };
enum Loose { loose };
enum Fixed : std::int16_t { fixed };

static_assert(detail::UnorderedContainer<std::unordered_map<int, int>>);
static_assert(detail::UnorderedContainer<std::unordered_multiset<std::string>>);
static_assert(!detail::UnorderedContainer<std::map<int, int>>);
static_assert(detail::SortedByAddress<std::set<std::shared_ptr<int>>>);
static_assert(detail::SortedByAddress<std::map<std::unique_ptr<int>, int>>);
static_assert(!detail::SortedByAddress<std::set<std::string>>);
static_assert(detail::RawPointer<int*> && detail::RawPointer<const char*>);
static_assert(detail::RawPointer<void (*)()> && detail::RawPointer<int std::pair<int, int>::*>);
static_assert(detail::EnumOfUnknownWidth<Loose>);
static_assert(!detail::EnumOfUnknownWidth<Mood> && !detail::EnumOfUnknownWidth<Fixed>);

struct Unit {
    std::int32_t hp = 0;
    double x = 0;
    float heat = 0;
    bool alive = false;
    Mood mood = Mood::calm;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(CEREAL_NVP(hp), CEREAL_NVP(x), CEREAL_NVP(heat), CEREAL_NVP(alive),
                CEREAL_NVP(mood));
    }
    friend bool operator==(const Unit&, const Unit&) = default;
};

struct Base {
    std::int16_t base = 0;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(CEREAL_NVP(base));
    }
    friend bool operator==(const Base&, const Base&) = default;
};

struct Place {
    std::int64_t column = 0;
    friend bool operator==(const Place&, const Place&) = default;
};

// Outside of the class, and with separate functions.
template <class Archive>
void save(Archive& archive, const Place& place) {
    archive(cereal::make_nvp("column", place.column));
}
template <class Archive>
void load(Archive& archive, Place& place) {
    archive(cereal::make_nvp("column", place.column));
}

// One field of each kind that can be serialized.
struct Everything : Base {
    Place place;
    std::uint64_t large = 0;
    std::int8_t small = 0;
    char letter = 0;
    std::string name;
    std::vector<Unit> units;
    std::vector<std::uint8_t> grid;
    std::vector<bool> flags;
    std::vector<std::vector<std::int16_t>> rows;
    std::array<std::uint8_t, 3> color{};
    std::array<std::int32_t, 2> corner{};
    std::map<std::string, Unit> heroes;
    std::map<EntityId, double> weights;
    std::map<Mood, std::int32_t> moods;
    std::multimap<std::int32_t, std::string> scores;
    std::set<std::int32_t> numbers;
    std::multiset<std::string> words;
    std::pair<std::int32_t, std::string> pair;
    std::tuple<bool, float> tuple;
    std::optional<std::int32_t> maybe;
    std::variant<std::monostate, std::int32_t, std::string> choice;
    EntityId target;
    JobId job;
    Frame frame;
    Stamp stamp;
    Value value;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(cereal::base_class<Base>(this), CEREAL_NVP(place), CEREAL_NVP(large),
                CEREAL_NVP(small), CEREAL_NVP(letter), CEREAL_NVP(name), CEREAL_NVP(units),
                CEREAL_NVP(grid), CEREAL_NVP(flags), CEREAL_NVP(rows), CEREAL_NVP(color),
                CEREAL_NVP(corner), CEREAL_NVP(heroes), CEREAL_NVP(weights), CEREAL_NVP(moods),
                CEREAL_NVP(scores), CEREAL_NVP(numbers), CEREAL_NVP(words), CEREAL_NVP(pair),
                CEREAL_NVP(tuple), CEREAL_NVP(maybe), CEREAL_NVP(choice), CEREAL_NVP(target),
                CEREAL_NVP(job), CEREAL_NVP(frame), CEREAL_NVP(stamp), CEREAL_NVP(value));
    }
    friend bool operator==(const Everything&, const Everything&) = default;
};

// A type that holds itself.
struct Tree {
    std::vector<Tree> children;

    template <class Archive>
    void serialize(Archive& archive) {
        archive(CEREAL_NVP(children));
    }
};

struct Versioned {
    std::int32_t old_field = 1;
    std::uint32_t version_read = 0;

    template <class Archive>
    void serialize(Archive& archive, const std::uint32_t version) {
        version_read = version;
        archive(CEREAL_NVP(old_field));
    }
};

}  // namespace
}  // namespace canon

CEREAL_CLASS_VERSION(canon::Versioned, 3)

namespace canon {
namespace {

Unit random_unit(RandomStream& random) {
    return {static_cast<std::int32_t>(random.next()), random.next_float() * 1e9,
            static_cast<float>(random.next_float()), random.next_integer(0, 1) == 1,
            random.next_integer(0, 1) == 1 ? Mood::angry : Mood::calm};
}

Everything random_object(RandomStream& random) {
    Everything object;
    const auto count = [&] { return static_cast<std::size_t>(random.next_integer(0, 3)); };
    object.base = static_cast<std::int16_t>(random.next());
    object.place.column = test::random_integer(random);
    object.large = random.next() >> random.next_integer(0, 63);
    object.small = static_cast<std::int8_t>(random.next());
    object.letter = static_cast<char>(random.next());
    object.name = test::random_text(random);
    object.units.resize(count());
    for (Unit& unit : object.units) unit = random_unit(random);
    object.grid.resize(count() * 3);
    for (std::uint8_t& cell : object.grid) cell = static_cast<std::uint8_t>(random.next());
    for (std::size_t left = count(); left > 0; --left)
        object.flags.push_back(random.next() % 2 == 0);
    object.rows.resize(count(), std::vector<std::int16_t>(count(), -300));
    for (std::uint8_t& channel : object.color) channel = static_cast<std::uint8_t>(random.next());
    object.corner[1] = static_cast<std::int32_t>(random.next());
    for (std::size_t left = count(); left > 0; --left) {
        object.heroes[test::random_text(random)] = random_unit(random);
        object.weights[EntityId{random.next_integer(0, 5)}] = random.next_float();
        object.moods[Mood(random.next_integer(0, 5))] = 1;
        object.scores.emplace(random.next_integer(0, 2), test::random_text(random));
        object.numbers.insert(static_cast<std::int32_t>(random.next()));
        object.words.insert(random.next() % 2 == 0 ? "a" : test::random_text(random));
    }
    object.pair = {-5, test::random_text(random)};
    std::get<1>(object.tuple) = static_cast<float>(random.next_float());
    if (random.next() % 2 == 0) object.maybe = static_cast<std::int32_t>(random.next());
    if (random.next() % 2 == 0) object.choice = test::random_text(random);
    if (random.next() % 2 == 0) object.choice = 5;
    object.target.value = test::random_integer(random);
    object.frame.value = random.next();
    object.stamp = {object.frame, 1, 2, 3, 4};
    object.value = test::random_value(random);
    return object;
}

Everything golden_object() {
    Everything object;
    object.base = 300;
    object.place.column = -2;
    object.large = UINT64_MAX;
    object.small = -1;
    object.letter = 'c';
    object.name = "canon";
    object.units = {{100, 0.5, 1.5f, true, Mood::angry}};
    object.grid = {0, 128, 255};
    object.flags = {true, false};
    object.rows = {{}, {-1, 300}};
    object.color = {1, 2, 255};
    object.corner = {-1, 1};
    object.heroes = {{"a\nb", {}}};
    object.weights = {{EntityId{4711}, -0.0}};
    object.moods = {{Mood::angry, 2}};
    object.scores = {{1, "b"}, {1, "a"}};
    object.numbers = {3, -3};
    object.words = {"x", "x"};
    object.pair = {1, "one"};
    object.tuple = {true, std::numeric_limits<float>::quiet_NaN()};
    object.maybe = 7;
    object.choice = "text";
    object.target = {4711};
    object.job = {3};
    object.frame = {90};
    object.stamp = {{89}, 1, 2, 3, 4};
    object.value = Map{{"k", List{1, 2.0}}};
    return object;
}

template <class T>
Bytes bytes_of(const T& object) {
    Bytes bytes;
    WriteArchive{bytes}(object);
    return bytes;
}

Bytes bytes_of_numbers(std::initializer_list<int> numbers) {
    Bytes bytes;
    for (const int number : numbers) bytes.put(static_cast<std::uint8_t>(number));
    return bytes;
}

template <class T>
T read_all(std::span<const std::uint8_t> bytes) {
    ByteReader in(bytes);
    T object{};
    ReadArchive{in}(object);
    if (in.left() != 0) throw Error("bytes behind the object");
    return object;
}

template <class T>
std::string dump_of(const T& object, std::string_view prefix = {}) {
    std::string text;
    DumpArchive{text, prefix}(object);
    return text;
}

std::string hex(const Bytes& bytes) {
    std::string text;
    for (const std::uint8_t byte : bytes.view()) {
        char digits[3];
        std::snprintf(digits, sizeof digits, "%02x", byte);
        text += digits;
    }
    return text;
}

bool equal(std::span<const std::uint8_t> a, std::span<const std::uint8_t> b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin());
}

// Whether `bytes` read as a T, which then must write the same bytes again.
template <class T>
bool reads(std::span<const std::uint8_t> bytes) {
    try {
        BOOST_TEST(equal(bytes_of(read_all<T>(bytes)).view(), bytes));
        return true;
    } catch (const Error&) {
        return false;
    }
}

template <class T>
std::string error_of(const Bytes& bytes) {
    try {
        read_all<T>(bytes.view());
        return "read";
    } catch (const Error& error) {
        return error.what();
    }
}

Tree tree_of(int levels) {
    Tree tree;
    for (; levels > 1; --levels) {
        Tree around;
        around.children.push_back(std::move(tree));
        tree = std::move(around);
    }
    return tree;
}

BOOST_AUTO_TEST_SUITE(core_serialize)

BOOST_AUTO_TEST_CASE(what_is_written_reads_back_equal) {
    RandomStream random(1, 0);
    for (int i = 0; i < 1000; ++i) {
        const Everything object = random_object(random);
        BOOST_TEST((read_all<Everything>(bytes_of(object).view()) == object));
    }
}

BOOST_AUTO_TEST_CASE(an_object_hashes_as_its_bytes_do) {
    RandomStream random(2, 0);
    for (int i = 0; i < 1000; ++i) {
        const Everything object = random_object(random);
        Hasher hasher(i);
        HashArchive{hasher}(object);
        BOOST_TEST(hasher.digest() == hash_bytes(bytes_of(object).view(), i));
    }
}

BOOST_AUTO_TEST_CASE(every_truncation_is_refused) {
    RandomStream random(3, 0);
    for (int i = 0; i < 200; ++i) {
        const Bytes bytes = bytes_of(random_object(random));
        for (std::size_t size = 0; size < bytes.size(); ++size)
            BOOST_TEST(!reads<Everything>(bytes.view(0, size)));
    }
}

BOOST_AUTO_TEST_CASE(a_bit_flip_never_reads_as_the_same_object) {
    RandomStream random(4, 0);
    for (int i = 0; i < 30; ++i) {
        const Everything object = random_object(random);
        Bytes bytes = bytes_of(object);
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            bytes.data()[bit / 8] ^= 1 << bit % 8;
            if (reads<Everything>(bytes.view()))
                BOOST_TEST((read_all<Everything>(bytes.view()) != object));
            bytes.data()[bit / 8] ^= 1 << bit % 8;
        }
    }
}

BOOST_AUTO_TEST_CASE(the_encoding_of_a_fixed_object_does_not_drift) {
    const Bytes bytes = bytes_of(golden_object());
    BOOST_TEST(hex(bytes) == test::kGoldenObjectBytes);
}

BOOST_AUTO_TEST_CASE(the_dump_names_every_field_on_a_line_of_its_own) {
    BOOST_TEST(dump_of(golden_object(), "host") == R"(host.base: 300
host.place.column: -2
host.large: 18446744073709551615
host.small: -1
host.letter: 99
host.name: "canon"
host.units.size: 1
host.units[0].hp: 100
host.units[0].x: 0.5
host.units[0].heat: 1.5
host.units[0].alive: true
host.units[0].mood: 7
host.grid.size: 3
host.grid[0]: 0
host.grid[1]: 128
host.grid[2]: 255
host.flags.size: 2
host.flags[0]: true
host.flags[1]: false
host.rows.size: 2
host.rows[0].size: 0
host.rows[1].size: 2
host.rows[1][0]: -1
host.rows[1][1]: 300
host.color[0]: 1
host.color[1]: 2
host.color[2]: 255
host.corner[0]: -1
host.corner[1]: 1
host.heroes.size: 1
host.heroes["a\nb"].hp: 0
host.heroes["a\nb"].x: 0.0
host.heroes["a\nb"].heat: 0.0
host.heroes["a\nb"].alive: false
host.heroes["a\nb"].mood: 0
host.weights.size: 1
host.weights[4711]: -0.0
host.moods.size: 1
host.moods[0].key: 7
host.moods[0].value: 2
host.scores.size: 2
host.scores[0].key: 1
host.scores[0].value: "b"
host.scores[1].key: 1
host.scores[1].value: "a"
host.numbers.size: 2
host.numbers[0]: -3
host.numbers[1]: 3
host.words.size: 2
host.words[0]: "x"
host.words[1]: "x"
host.pair.first: 1
host.pair.second: "one"
host.tuple.tuple_element0: true
host.tuple.tuple_element1: nan
host.maybe.value: 7
host.choice.index: 2
host.choice.data: "text"
host.target: 4711
host.job: 3
host.frame: 90
host.stamp.frame: 89
host.stamp.submission: 1
host.stamp.job: 2
host.stamp.round: 3
host.stamp.index: 4
host.value: {"k":[1,2.0]}
)");
}

// Goal: a field that is saved cannot be missing in the dump. Method: objects differ in text just if
// they do in bytes.
BOOST_AUTO_TEST_CASE(dumps_are_equal_just_if_the_bytes_are) {
    RandomStream random(5, 0);
    for (int i = 0; i < 30; ++i) {
        const Everything object = random_object(random);
        Bytes bytes = bytes_of(object);
        BOOST_TEST(dump_of(object) == dump_of(read_all<Everything>(bytes.view())));
        for (std::size_t bit = 0; bit < bytes.size() * 8; bit += 3) {
            bytes.data()[bit / 8] ^= 1 << bit % 8;
            if (reads<Everything>(bytes.view()))
                BOOST_TEST(dump_of(object) != dump_of(read_all<Everything>(bytes.view())));
            bytes.data()[bit / 8] ^= 1 << bit % 8;
        }
    }
}

BOOST_AUTO_TEST_CASE(a_dump_without_prefix_begins_with_the_field) {
    BOOST_TEST(dump_of(Place{3}) == "column: 3\n");
    std::string text;
    DumpArchive archive(text, "state");
    archive(cereal::make_nvp("place", Place{3}), cereal::make_nvp("count", 2));
    BOOST_TEST(text == "state.place.column: 3\nstate.count: 2\n");
    BOOST_TEST(dump_of(std::optional<std::int32_t>(), "maybe") == "maybe: none\n");
}

BOOST_AUTO_TEST_CASE(every_nan_has_the_same_bytes) {
    const double doubles[] = {std::bit_cast<double>(0xFFF8000000000001u),
                              std::bit_cast<double>(0x7FF0000000000001u)};
    for (const double number : doubles) BOOST_TEST(hex(bytes_of(number)) == "000000000000f87f");
    for (const std::uint32_t bits : {0xFFC00001u, 0x7F800001u})
        BOOST_TEST(hex(bytes_of(std::bit_cast<float>(bits))) == "0000c07f");
    BOOST_TEST(!reads<float>(bytes_of_numbers({1, 0, 0xC0, 0x7F}).view()));
    BOOST_TEST(!reads<double>(bytes_of_numbers({1, 0, 0, 0, 0, 0, 0xF8, 0x7F}).view()));
}

BOOST_AUTO_TEST_CASE(eight_bit_integers_take_one_byte_alone_and_in_containers) {
    BOOST_TEST(hex(bytes_of(std::uint8_t{200})) == "c8");
    BOOST_TEST(hex(bytes_of(std::int8_t{-1})) == "ff");
    BOOST_TEST(hex(bytes_of(std::vector<std::uint8_t>{1, 200})) == "0201c8");
    BOOST_TEST(hex(bytes_of(std::vector<std::byte>{std::byte{200}})) == "01c8");
    BOOST_TEST(hex(bytes_of(std::array<char, 2>{'a', '\xff'})) == "61ff");
    BOOST_TEST(hex(bytes_of(std::vector<Mood>{Mood::angry})) == "0107");
}

BOOST_AUTO_TEST_CASE(each_form_that_is_not_canonical_is_refused_with_its_reason) {
    const std::string at = "malformed bytes at offset ";
    BOOST_TEST(error_of<bool>(bytes_of_numbers({2})) ==
               at + "1: a boolean that is neither 0 nor 1");
    BOOST_TEST(error_of<std::uint16_t>(bytes_of_numbers({0x80, 0x80, 4})) ==
               at + "3: the number 65536 is beyond its type");
    BOOST_TEST(error_of<std::int16_t>(bytes_of_numbers({0x81, 0x80, 4})) ==
               at + "3: the number -32769 is beyond its type");
    BOOST_TEST(error_of<std::uint16_t>(bytes_of_numbers({0x80, 0})) ==
               at + "2: a varint that is not the shortest");
    BOOST_TEST(error_of<std::string>(bytes_of_numbers({4, 'a', 'b', 'c'})) ==
               at + "1: a length or count beyond the bytes left");
    BOOST_TEST(error_of<std::vector<Unit>>(bytes_of_numbers({0xFF, 0xFF, 0xFF, 0xFF, 7, 1})) ==
               at + "5: a length or count beyond the bytes left");
    BOOST_TEST(error_of<std::vector<bool>>(bytes_of_numbers({2, 1})) ==
               at + "1: a length or count beyond the bytes left");
    BOOST_TEST(error_of<Everything>(Bytes()) == at + "0: truncated");
    const std::string order = ": keys that are not in ascending order";
    BOOST_TEST(error_of<std::set<int>>(bytes_of_numbers({2, 4, 2})) == at + "3" + order);
    BOOST_TEST(error_of<std::set<int>>(bytes_of_numbers({2, 2, 2})) == at + "3" + order);
    BOOST_TEST(
        (error_of<std::map<int, int>>(bytes_of_numbers({2, 4, 0, 2, 0})) == at + "5" + order));
    BOOST_TEST(
        (error_of<std::map<int, int>>(bytes_of_numbers({2, 2, 0, 2, 0})) == at + "5" + order));
    BOOST_TEST(error_of<std::multiset<int>>(bytes_of_numbers({2, 4, 2})) == at + "3" + order);
    BOOST_TEST(error_of<std::multiset<int>>(bytes_of_numbers({2, 2, 2})) == "read");
    using Choice = std::variant<std::monostate, int>;
    BOOST_TEST(error_of<Choice>(bytes_of_numbers({4})).starts_with(at + "1: "));
    BOOST_TEST(error_of<Choice>(bytes_of_numbers({1})).starts_with(at + "1: "));
    BOOST_TEST(error_of<Choice>(bytes_of_numbers({2, 0})) == "read");
    BOOST_TEST(error_of<Value>(bytes_of_numbers({7, 0})).starts_with(at + "2: an empty map"));
}

// Goal: what is captured can be restored, and bytes cannot exhaust the stack. Method: a tree of as
// many levels as allowed, a node and its list of children being one each, and a level around it.
BOOST_AUTO_TEST_CASE(objects_nest_as_deep_as_allowed_and_no_deeper) {
    const std::tuple<Tree> too_deep(tree_of(kMaxDepth / 2));
    const Tree& deepest = std::get<0>(too_deep);
    const Bytes bytes = bytes_of(deepest);
    BOOST_TEST(reads<Tree>(bytes.view()));
    BOOST_CHECK_NO_THROW(dump_of(deepest));

    Hasher hasher;
    BOOST_CHECK_THROW(bytes_of(too_deep), Error);
    BOOST_CHECK_THROW(HashArchive{hasher}(too_deep), Error);
    BOOST_CHECK_THROW(dump_of(too_deep), Error);
    BOOST_TEST(error_of<std::tuple<Tree>>(bytes).ends_with(
        "offset 49: objects and containers nest too deeply"));
}

BOOST_AUTO_TEST_CASE(the_version_of_a_class_is_written_and_read) {
    const Bytes bytes = bytes_of(Versioned{});
    BOOST_TEST(hex(bytes) == "0302");
    BOOST_TEST(read_all<Versioned>(bytes.view()).version_read == 3u);
    Hasher hasher;
    HashArchive{hasher}(Versioned{});
    BOOST_TEST(hasher.digest() == hash_bytes(bytes.view()));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(core_host_state)

std::uint64_t hash_of(const HostStateBase& state) {
    Hasher hasher;
    state.hash(hasher);
    return hasher.digest();
}

BOOST_AUTO_TEST_CASE(what_is_saved_and_loaded_hashes_and_dumps_the_same) {
    RandomStream random(6, 0);
    for (int i = 0; i < 100; ++i) {
        Everything object = random_object(random);
        Everything other = random_object(random);
        const auto state = make_host_state(object);
        const auto other_state = make_host_state(other);
        Bytes bytes;
        state->save(bytes);
        const std::size_t size = bytes.size();
        bytes.put(0xFF);  // of whatever is saved next

        ByteReader in(bytes.view());
        other_state->load(in);
        BOOST_TEST(in.offset() == size);
        BOOST_TEST((other == object));
        BOOST_TEST(hash_of(*other_state) == hash_of(*state));
        BOOST_TEST(hash_of(*state) == hash_bytes(bytes.view(0, size)));
        std::string dump;
        std::string other_dump;
        state->dump(dump, "host");
        other_state->dump(other_dump, "host");
        BOOST_TEST(dump == other_dump);
    }
}

BOOST_AUTO_TEST_CASE(a_changed_field_changes_the_hash) {
    Everything object = golden_object();
    const auto state = make_host_state(object);
    const std::uint64_t before = hash_of(*state);
    object.units[0].hp -= 1;
    BOOST_TEST(hash_of(*state) != before);
    object.units[0].hp += 1;
    BOOST_TEST(hash_of(*state) == before);
}

BOOST_AUTO_TEST_CASE(state_that_cannot_be_read_is_an_error) {
    Everything object;
    const auto state = make_host_state(object);
    const Bytes bytes = bytes_of_numbers({1, 2, 3});
    ByteReader in(bytes.view());
    BOOST_CHECK_THROW(state->load(in), Error);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
