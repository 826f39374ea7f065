#include <boost/test/unit_test.hpp>
#include <limits>
#include <string>

#include "canon/error.hpp"
#include "canon/world.hpp"
#include "world_model.hpp"

namespace canon {
namespace {

using test::full_schema;
using test::Held;

const double kInfinity = std::numeric_limits<double>::infinity();
constexpr std::int64_t kTwoTo53 = std::int64_t{1} << 53;

struct Fixture {
    std::shared_ptr<const Schema> schema = full_schema();
    World world{schema};
    EntityId soldier = world.spawn("soldier");
    EntityId crate = world.spawn("crate");

    WriteResult set(const char* field, const Value& value) {
        return world.set(soldier, schema->name_id(field), Held(value).scalar());
    }
    WriteResult add(const char* field, const Value& delta, const Value& min = {},
                    const Value& max = {}) {
        const Scalar low = Held(min).scalar(), high = Held(max).scalar();
        return world.add(soldier, schema->name_id(field), Held(delta).scalar(),
                         min.is_nil() ? nullptr : &low, max.is_nil() ? nullptr : &high);
    }
    WriteResult put(std::vector<Key> path, const Value& value) {
        return world.put(soldier, schema->name_id("memory"), path, value);
    }
    Value memory() const { return world.get(soldier, "memory"); }
    std::string error_of_set(const char* field, const Value& value) {
        const std::string before = test::saved_text(world);
        std::string text = "nothing thrown";
        try {
            world.set(soldier, field, value);
        } catch (const Error& error) {
            text = error.what();
        }
        BOOST_TEST((test::saved_text(world) == before));
        return text;
    }
};

std::string error_of_spawn(World& world, std::string_view name, const Map& fields) {
    const std::string before = test::saved_text(world);
    try {
        world.spawn(name, fields);
    } catch (const Error& error) {
        BOOST_TEST((test::saved_text(world) == before));
        return error.what();
    }
    return "nothing thrown";
}

BOOST_FIXTURE_TEST_SUITE(world_fields, Fixture)

BOOST_AUTO_TEST_CASE(fields_that_are_not_assigned_have_their_defaults) {
    const std::pair<const char*, Value> expected[] = {{"x", 0.5},
                                                      {"y", 0.0},
                                                      {"hp", 100},
                                                      {"ready", true},
                                                      {"name", "no one"},
                                                      {"target", {}},
                                                      {"memory", Map{{"seen", List{1, 2}}}},
                                                      {"path", List{7, 7, 7}},
                                                      {"seats", List{{}, {}}},
                                                      {"flags", List{true, true, true, true, true}},
                                                      {"slopes", List{0.25, 0.25}}};
    for (const auto& [field, value] : expected)
        BOOST_TEST((world.get(soldier, field) == value), field);
}

BOOST_AUTO_TEST_CASE(numbers_convert_between_integer_and_float_where_that_is_exact) {
    BOOST_TEST((set("hp", 7.0) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "hp") == Value(7)));
    BOOST_TEST((set("hp", -0x1p63) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "hp") == Value(INT64_MIN)));
    for (const double number :
         {7.5, 0x1p63, -0x1.0000000000001p63, kInfinity, -kInfinity, canonical_nan()})
        BOOST_TEST((set("hp", number) == WriteResult::wrong_type), number);
    BOOST_TEST((set("x", 7) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "x") == Value(7.0)));
    BOOST_TEST((set("x", kTwoTo53) == WriteResult::done));
    BOOST_TEST((set("x", INT64_MIN) == WriteResult::done));
    BOOST_TEST((set("x", kTwoTo53 + 1) == WriteResult::wrong_type));
    BOOST_TEST((set("x", INT64_MAX) == WriteResult::wrong_type));
    BOOST_TEST((world.get(soldier, "x") == Value(-0x1p63)));
}

BOOST_AUTO_TEST_CASE(every_nan_becomes_the_canonical_one) {
    Scalar scalar = Scalar::of(std::bit_cast<double>(std::uint64_t{0xFFF8'0000'0000'1234}));
    BOOST_TEST((world.set(soldier, schema->name_id("x"), scalar) == WriteResult::done));
    BOOST_TEST((world.set(soldier, schema->name_id("memory"), scalar) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "x") == Value(canonical_nan())));
    const std::string with_nan = test::saved_text(world);
    set("x", canonical_nan());
    set("memory", canonical_nan());
    BOOST_TEST((test::saved_text(world) == with_nan));
    set("x", kInfinity);
    BOOST_TEST((add("x", -kInfinity) == WriteResult::done));
    BOOST_TEST((test::saved_text(world) == with_nan));
}

// Goal: which field holds which type. Method: the whole table of both.
BOOST_AUTO_TEST_CASE(a_field_takes_its_own_type_only) {
    const Value contents[] = {{}, true, 3, 0.25, "text", List{1, 2, 3}, Map{{"a", 1}}};
    const std::pair<const char*, const char*> taken[] = {
        {"hp", "..1...."},     {"x", "..11..."},    {"ready", ".1....."}, {"name", "....1.."},
        {"target", "1.1...."}, {"path", ".....1."}, {"seats", "......."}, {"memory", "1111111"}};
    for (const auto& [field, pattern] : taken)
        for (int i = 0; i < 7; ++i) {
            const Value before = world.get(soldier, field);
            const WriteResult expected =
                pattern[i] == '1' ? WriteResult::done : WriteResult::wrong_type;
            BOOST_TEST((set(field, contents[i]) == expected), field << ", " << i);
            if (expected == WriteResult::wrong_type)
                BOOST_TEST((world.get(soldier, field) == before), field << ", " << i);
        }
    Scalar array;
    array.kind = Scalar::Kind::array;
    for (const char* field : {"path", "memory", "name"})
        BOOST_TEST((world.set(soldier, schema->name_id(field), array) == WriteResult::wrong_type));
    const Held malformed = Held::malformed();
    for (const char* field : {"path", "memory", "name"})
        BOOST_TEST((world.set(soldier, schema->name_id(field), malformed.scalar()) ==
                    WriteResult::wrong_type));
}

BOOST_AUTO_TEST_CASE(an_entity_field_takes_a_positive_id_or_nil_and_reads_nil_for_the_dead) {
    for (const Value& value : {Value(0), Value(-1), Value(INT64_MIN), Value(3.0), Value("4")})
        BOOST_TEST((set("target", value) == WriteResult::wrong_type));
    BOOST_TEST((set("target", crate.value) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "target") == Value(crate.value)));
    world.set(soldier, "seats", List{crate.value, soldier.value});
    world.begin_savepoint();
    world.destroy(crate);
    BOOST_TEST(world.get(soldier, "target").is_nil());
    BOOST_TEST((world.get(soldier, "seats") == Value(List{{}, soldier.value})));
    world.undo_savepoint();
    BOOST_TEST((world.get(soldier, "target") == Value(crate.value)));
    BOOST_TEST((set("target", {}) == WriteResult::done));
    BOOST_TEST(world.get(soldier, "target").is_nil());
    BOOST_TEST((set("target", 999) == WriteResult::done));
    BOOST_TEST(world.get(soldier, "target").is_nil());
}

BOOST_AUTO_TEST_CASE(integers_wrap_around_when_added) {
    set("hp", INT64_MAX);
    BOOST_TEST((add("hp", 2) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "hp") == Value(INT64_MIN + 1)));
    BOOST_TEST((add("hp", INT64_MIN) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "hp") == Value(1)));
}

BOOST_AUTO_TEST_CASE(a_sum_of_mixed_kinds_is_a_number_that_must_fit_exactly) {
    BOOST_TEST((add("hp", 2.0) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "hp") == Value(102)));
    BOOST_TEST((add("hp", 0.5) == WriteResult::wrong_type));
    BOOST_TEST((add("hp", kInfinity) == WriteResult::wrong_type));
    BOOST_TEST((world.get(soldier, "hp") == Value(102)));
    BOOST_TEST((add("x", 2) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "x") == Value(2.5)));
}

BOOST_AUTO_TEST_CASE(a_sum_is_clamped_to_min_and_then_to_max) {
    BOOST_TEST((add("hp", -500, 0) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "hp") == Value(0)));
    BOOST_TEST((add("hp", 500, 0, 250.0) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "hp") == Value(250)));
    BOOST_TEST((add("hp", 1, {}, 10.5) == WriteResult::wrong_type));
    BOOST_TEST((add("hp", 1, 400, 300) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "hp") == Value(300)));
    BOOST_TEST((add("hp", 1, canonical_nan(), canonical_nan()) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "hp") == Value(301)));
    BOOST_TEST((add("x", 1, "low") == WriteResult::wrong_type));
    BOOST_TEST((add("x", 1, {}, true) == WriteResult::wrong_type));
    // Compared as the numbers they are: as doubles both would be 2^53.
    set("hp", kTwoTo53);
    BOOST_TEST((add("hp", 1, {}, 0x1p53) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "hp") == Value(kTwoTo53)));
    // As doubles these two would be equal.
    set("hp", kTwoTo53);
    BOOST_TEST((add("hp", 3, 0x1p53 + 4) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "hp") == Value(kTwoTo53 + 4)));
}

BOOST_AUTO_TEST_CASE(only_numbers_are_added_to) {
    for (const char* field : {"ready", "name", "target", "path", "memory"})
        BOOST_TEST((add(field, 1) == WriteResult::wrong_type), field);
    set("target", crate.value);
    BOOST_TEST((add("target", 1) == WriteResult::wrong_type));
    for (const Value& delta : {Value(), Value(true), Value("1"), Value(List{1})})
        BOOST_TEST((add("hp", delta) == WriteResult::wrong_type));
    set("memory", 4);
    BOOST_TEST((add("memory", 0.5) == WriteResult::done));
    BOOST_TEST((memory() == Value(4.5)));
}

BOOST_AUTO_TEST_CASE(cells_are_counted_from_1_and_stay_inside_the_array) {
    const NameId path = schema->name_id("path");
    BOOST_TEST((world.put(soldier, path, 1, Scalar::of(10)) == WriteResult::done));
    BOOST_TEST((world.put(soldier, path, 3, Scalar::of(30.0)) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "path") == Value(List{10, 7, 30})));
    for (const std::int64_t index : {std::int64_t{0}, std::int64_t{-1}, std::int64_t{4}, INT64_MAX,
                                     INT64_MIN, std::int64_t{1} << 32 | 1})
        BOOST_TEST((world.put(soldier, path, index, Scalar::of(1)) == WriteResult::bad_index),
                   index);
    BOOST_TEST((world.put(soldier, path, 1, Scalar::of("x")) == WriteResult::wrong_type));
    BOOST_TEST(
        (world.put(soldier, schema->name_id("hp"), 1, Scalar::of(1)) == WriteResult::wrong_type));
    const std::vector<Key> keys = {2};
    BOOST_TEST((world.put(soldier, path, keys, 20) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "path") == Value(List{10, 20, 30})));
    for (const std::vector<Key>& wrong : std::vector<std::vector<Key>>{{}, {"a"}, {1, 1}, {4}})
        BOOST_TEST((world.put(soldier, path, wrong, 20) == WriteResult::bad_index));
    BOOST_TEST((world.put(soldier, path, keys, List{1}) == WriteResult::wrong_type));
}

BOOST_AUTO_TEST_CASE(a_list_for_an_array_fits_in_all_of_its_cells_or_changes_none) {
    BOOST_TEST((set("path", List{1, 2.0, 3}) == WriteResult::done));
    BOOST_TEST((world.get(soldier, "path") == Value(List{1, 2, 3})));
    for (const Value& list : {Value(List{9, 9}), Value(List{9, 9, 9, 9}), Value(List{9, 9, 0.5}),
                              Value(List{}), Value(List{9, 9, List{9}}), Value(Map{{"a", 9}})})
        BOOST_TEST((set("path", list) == WriteResult::wrong_type));
    BOOST_TEST((world.get(soldier, "path") == Value(List{1, 2, 3})));
    BOOST_TEST((set("seats", List{{}, 5}) == WriteResult::done));
    BOOST_TEST((set("seats", List{{}, 0}) == WriteResult::wrong_type));
}

BOOST_AUTO_TEST_CASE(paths_lead_into_lists_and_maps) {
    set("memory", Map{{"seen", List{1, Map{{"k", 5}}}}, {3, "three"}});
    BOOST_TEST((put({"seen", 2, "k"}, 6) == WriteResult::done));
    BOOST_TEST((put({"seen", 3}, List{}) == WriteResult::done));
    BOOST_TEST((put({"seen", 3, 1}, "first") == WriteResult::done));
    BOOST_TEST((put({"new"}, true) == WriteResult::done));
    BOOST_TEST((put({3}, {}) == WriteResult::done));
    BOOST_TEST(
        (memory() == Value(Map{{"seen", List{1, Map{{"k", 6}}, List{"first"}}}, {"new", true}})));
    BOOST_TEST((put({}, 17) == WriteResult::done));
    BOOST_TEST((memory() == Value(17)));
}

BOOST_AUTO_TEST_CASE(nil_removes_a_map_s_entry_and_a_list_s_last_element) {
    set("memory", Map{{"list", List{1, 2, 3}}, {"map", Map{{"a", 1}, {"b", 2}}}});
    BOOST_TEST((put({"list", 3}, {}) == WriteResult::done));
    BOOST_TEST((put({"list", 1}, {}) == WriteResult::bad_index));
    BOOST_TEST((put({"list", 3}, {}) == WriteResult::bad_index));
    BOOST_TEST((put({"map", "a"}, {}) == WriteResult::done));
    BOOST_TEST((put({"map", "absent"}, {}) == WriteResult::done));
    BOOST_TEST((memory() == Value(Map{{"list", List{1, 2}}, {"map", Map{{"b", 2}}}})));
    put({"map", "b"}, {});
    BOOST_TEST((memory() == Value(Map{{"list", List{1, 2}}, {"map", List{}}})));
    BOOST_TEST((put({"map", "c"}, 3) == WriteResult::done), "an empty table is both");
    BOOST_TEST((memory() == Value(Map{{"list", List{1, 2}}, {"map", Map{{"c", 3}}}})));
}

BOOST_AUTO_TEST_CASE(a_path_that_the_value_does_not_have_changes_nothing) {
    const Value before = Map{{"list", List{1, 2}}, {"text", "abc"}};
    set("memory", before);
    for (const std::vector<Key>& path : std::vector<std::vector<Key>>{{"list", 0},
                                                                      {"list", 4},
                                                                      {"list", -1},
                                                                      {"list", INT64_MIN},
                                                                      {"list", "a"},
                                                                      {"list", 3, 1},
                                                                      {"list", 1, 1},
                                                                      {"text", 1},
                                                                      {"absent", 1},
                                                                      {"list", 1, "a", "b"}})
        BOOST_TEST((put(path, 9) == WriteResult::bad_index));
    BOOST_TEST((memory() == before));
    set("memory", {});
    BOOST_TEST((put({"a"}, 1) == WriteResult::bad_index));
    BOOST_TEST((put({1}, 1) == WriteResult::bad_index));
    const std::vector<Key> path = {"a"};
    BOOST_TEST((world.put(soldier, schema->name_id("hp"), path, 1) == WriteResult::wrong_type));
}

BOOST_AUTO_TEST_CASE(an_element_of_a_list_is_put_by_its_index) {
    const NameId field = schema->name_id("memory");
    set("memory", List{1, 2});
    BOOST_TEST((world.put(soldier, field, 2, Scalar::of("two")) == WriteResult::done));
    BOOST_TEST((world.put(soldier, field, 3, Held(Map{{"a", 1}}).scalar()) == WriteResult::done));
    BOOST_TEST((memory() == Value(List{1, "two", Map{{"a", 1}}})));
    BOOST_TEST((world.put(soldier, field, 5, Scalar::of(1)) == WriteResult::bad_index));
    BOOST_TEST(
        (world.put(soldier, field, 1, Held::malformed().scalar()) == WriteResult::wrong_type));
}

BOOST_AUTO_TEST_CASE(what_nests_too_deeply_is_refused_however_it_comes_about) {
    Value deep = List{};
    for (int level = 1; level < kMaxDepth; ++level) deep = List{deep};
    const std::vector<Key> path(kMaxDepth, Key(1));
    BOOST_TEST((set("memory", deep) == WriteResult::done));
    BOOST_TEST((put(path, 5) == WriteResult::done));
    BOOST_TEST((put(path, List{}) == WriteResult::wrong_type));
    BOOST_TEST(error_of_set("memory", List{deep}) ==
               "soldier.memory holds lists and maps of at most 100 levels and cannot hold a list "
               "of length 1");
    const std::string saved = test::saved_text(world);
    ByteReader in({reinterpret_cast<const std::uint8_t*>(saved.data()), saved.size()});
    world.load(in);
    BOOST_TEST((test::saved_text(world) == saved));
}

BOOST_AUTO_TEST_CASE(reading_gives_each_type_its_kind) {
    Location where;
    BOOST_TEST_REQUIRE(world.find(soldier, where));
    const auto read = [&](const char* field) {
        return world.read(where, schema->field(where.template_index, field));
    };
    BOOST_TEST((read("x").kind == Scalar::Kind::number && read("x").number == 0.5));
    BOOST_TEST((read("hp").kind == Scalar::Kind::integer && read("hp").integer == 100));
    BOOST_TEST((read("ready").kind == Scalar::Kind::boolean && read("ready").boolean));
    BOOST_TEST((read("name").kind == Scalar::Kind::string && read("name").text == "no one"));
    BOOST_TEST((read("target").kind == Scalar::Kind::nil));
    BOOST_TEST((read("memory").kind == Scalar::Kind::bytes));
    BOOST_TEST((read("path").kind == Scalar::Kind::array));
    const FieldIndex path = schema->field(where.template_index, "path");
    BOOST_TEST(world.cells(where, path) == 3);
    BOOST_TEST(world.read_cell(where, path, 2).integer == 7);
    BOOST_TEST(world.cells(where, schema->field(where.template_index, "hp")) == 0);
    const std::pair<Value, Scalar::Kind> any[] = {
        {{}, Scalar::Kind::nil},     {false, Scalar::Kind::boolean}, {5, Scalar::Kind::integer},
        {0.5, Scalar::Kind::number}, {"text", Scalar::Kind::string}, {List{}, Scalar::Kind::bytes}};
    for (const auto& [value, kind] : any) {
        set("memory", value);
        BOOST_TEST((read("memory").kind == kind));
        BOOST_TEST((memory() == value));
    }
}

// Goal: a text read from the world may be written to it. Method: copies within a field, a column
// and a spawn, with texts that lie inside their string object and beside it.
BOOST_AUTO_TEST_CASE(texts_lent_by_the_world_may_be_written_back) {
    for (const std::string& text : {std::string("short"), std::string(1000, 'l')}) {
        world.set(soldier, "name", text);
        world.set(soldier, "memory", List{text});
        Location where;
        world.find(soldier, where);
        const FieldIndex name = schema->field(where.template_index, "name");
        const FieldIndex memory = schema->field(where.template_index, "memory");
        BOOST_TEST((world.set(soldier, schema->name_id("name"), world.read(where, name)) ==
                    WriteResult::done));
        BOOST_TEST((world.get(soldier, "name") == Value(text)));
        for (int i = 0; i < 40; ++i) {
            const World::Assignment fields[] = {{name, world.read(where, name)},
                                                {memory, world.read(where, memory)}};
            const EntityId copy = world.next_id();
            BOOST_TEST_REQUIRE(
                (world.spawn(copy, where.template_index, fields) == WriteResult::done));
            BOOST_TEST((world.get(copy, "name") == Value(text)));
            BOOST_TEST((world.get(copy, "memory") == Value(List{text})));
        }
    }
}

BOOST_AUTO_TEST_CASE(writes_to_the_dead_and_to_unknown_fields_say_so) {
    const NameId hp = schema->name_id("hp"), wave = schema->name_id("wave");
    const std::vector<Key> path = {"a"};
    for (const EntityId id : {EntityId{0}, EntityId{-5}, EntityId{99}, EntityId{INT64_MAX}}) {
        BOOST_TEST((world.set(id, hp, Scalar::of(1)) == WriteResult::dead));
        BOOST_TEST((world.add(id, hp, Scalar::of(1), nullptr, nullptr) == WriteResult::dead));
        BOOST_TEST((world.put(id, hp, 1, Scalar::of(1)) == WriteResult::dead));
        BOOST_TEST((world.put(id, hp, path, 1) == WriteResult::dead));
        BOOST_TEST((world.destroy(id) == WriteResult::dead));
        BOOST_TEST(!world.alive(id));
        BOOST_TEST(world.get(id, "hp").is_nil());
        world.set(id, "hp", 1);
    }
    BOOST_TEST((world.set(soldier, wave, Scalar::of(1)) == WriteResult::no_field));
    BOOST_TEST((world.set(soldier, kNone, Scalar::of(1)) == WriteResult::no_field));
    BOOST_TEST(
        (world.add(soldier, wave, Scalar::of(1), nullptr, nullptr) == WriteResult::no_field));
    BOOST_TEST((world.put(soldier, wave, 1, Scalar::of(1)) == WriteResult::no_field));
    BOOST_TEST((world.put(soldier, wave, path, 1) == WriteResult::no_field));
}

BOOST_AUTO_TEST_CASE(errors_say_what_was_found_and_expected_and_where) {
    BOOST_TEST(error_of_set("hpp", 1) ==
               "template 'soldier' has no field 'hpp'; did you mean 'hp'?");
    BOOST_TEST(error_of_set("zzzz", 1) == "template 'soldier' has no field 'zzzz'");
    BOOST_TEST(error_of_set("hp", "x") ==
               "soldier.hp is an integer and cannot hold the string \"x\"");
    BOOST_TEST(error_of_set("hp", 0.5) == "soldier.hp is an integer and cannot hold the float 0.5");
    BOOST_TEST(error_of_set("hp", {}) == "soldier.hp is an integer and cannot hold nil");
    BOOST_TEST(error_of_set("x", kTwoTo53 + 1) ==
               "soldier.x is a float and cannot hold the integer 9007199254740993");
    BOOST_TEST(error_of_set("ready", 1) ==
               "soldier.ready is a boolean and cannot hold the integer 1");
    BOOST_TEST(error_of_set("name", true) ==
               "soldier.name is a string and cannot hold the boolean true");
    BOOST_TEST(error_of_set("target", -1) ==
               "soldier.target is an entity and cannot hold the integer -1");
    BOOST_TEST(error_of_set("hp", List{1}) ==
               "soldier.hp is an integer and cannot hold a list of length 1");
    BOOST_TEST(error_of_set("hp", Map{{"a", 1}}) ==
               "soldier.hp is an integer and cannot hold a map of size 1");
    BOOST_TEST(error_of_set("hp", std::string(100, 'a')) ==
               "soldier.hp is an integer and cannot hold a string that begins \"" +
                   std::string(40, 'a') + "\"");
    BOOST_TEST(
        error_of_set("path", List{1, 2}) ==
        "soldier.path is an array of integers of length 3 and cannot hold a list of length 2");
    BOOST_TEST(
        error_of_set("seats", List{4, 0}) ==
        "soldier.seats is an array of entities of length 2 and cannot hold a list of length 2, of "
        "which number 2 is the integer 0");
    BOOST_CHECK_EXCEPTION(world.get(soldier, "nam"), Error, [](const Error& error) {
        return std::string(error.what()) ==
               "template 'soldier' has no field 'nam'; did you mean 'name'?";
    });
    BOOST_TEST(error_of_spawn(world, "soldir", {}) ==
               "there is no template 'soldir'; did you mean 'soldier'?");
    BOOST_TEST(error_of_spawn(world, "match", {}) ==
               "'match' is a singleton: it is there from the start");
    BOOST_TEST(error_of_spawn(world, "crate", {{"hp", 1}, {"xx", 1}}) ==
               "template 'crate' has no field 'xx'; did you mean 'x'?");
    BOOST_TEST(error_of_spawn(world, "crate", {{"hp", "x"}}) ==
               "crate.hp is an integer and cannot hold the string \"x\"");
    BOOST_TEST(error_of_spawn(world, "crate", {{1, 1}}) ==
               "the fields of a new 'crate' have the key 1: expected names");
}

BOOST_AUTO_TEST_CASE(every_result_is_described) {
    for (int result = 0; result <= static_cast<int>(WriteResult::taken); ++result)
        BOOST_TEST(describe(static_cast<WriteResult>(result)) != std::string("unknown"));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
