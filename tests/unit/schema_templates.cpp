#include <boost/test/unit_test.hpp>
#include <string>

#include "canon/error.hpp"
#include "canon/schema.hpp"

namespace canon {
namespace {

// The text of the error that `call` throws, or "nothing thrown".
std::string error_of(const auto& call) {
    try {
        call();
    } catch (const Error& error) {
        return error.what();
    }
    return "nothing thrown";
}

std::string refused(TemplateSpec spec) {
    Schema schema;
    schema.add({"taken", false, {{"hp"}}});
    const std::uint64_t before = schema.digest();
    const std::string text = error_of([&] { schema.add(std::move(spec)); });
    BOOST_TEST(schema.size() == 1);
    BOOST_TEST(schema.digest() == before);
    BOOST_TEST(schema.name_id("other") == kNone);
    return text;
}

bool contains(const std::string& text, const char* part) {
    if (text.find(part) != std::string::npos) return true;
    BOOST_TEST_MESSAGE("found: " << text);
    return false;
}

FieldSpec array_of(FieldType element, std::uint32_t length) {
    return {"cells", FieldType::array, {}, element, length};
}

BOOST_AUTO_TEST_SUITE(schema_templates)

BOOST_AUTO_TEST_CASE(templates_and_fields_are_numbered_in_the_order_of_declaration) {
    Schema schema;
    BOOST_TEST(schema.add({"soldier", false, {{"x"}, {"hp"}}}) == 0);
    BOOST_TEST(schema.add({"match", true, {{"wave"}, {"hp"}}}) == 1);
    BOOST_TEST(schema.size() == 2);
    BOOST_TEST(schema.find("soldier") == 0);
    BOOST_TEST(schema.find("match") == 1);
    BOOST_TEST(schema.find("soldie") == kNone);
    BOOST_TEST(schema[1].name == "match");
    BOOST_TEST(schema[1].singleton);
    BOOST_TEST(schema.field(0, "hp") == 1);
    BOOST_TEST(schema.field(0, "wave") == kNone);
    BOOST_TEST(schema.field(1, "wave") == 0);
    BOOST_TEST(schema.field(0, "nothing") == kNone);
    BOOST_TEST(schema.field(0, kNone) == kNone);
}

BOOST_AUTO_TEST_CASE(a_name_has_one_number_in_all_templates) {
    Schema schema;
    schema.add({"soldier", false, {{"x"}, {"hp"}}});
    schema.add({"crate", false, {{"hp"}, {"weight"}}});
    const NameId hp = schema.name_id("hp");
    BOOST_TEST(schema.name(hp) == "hp");
    BOOST_TEST(schema.field(0, hp) == 1);
    BOOST_TEST(schema.field(1, hp) == 0);
    BOOST_TEST(schema.name_id("weight") == 2);
    BOOST_TEST(schema.name_id("none") == kNone);
}

BOOST_AUTO_TEST_CASE(names_are_identifiers_and_declared_once) {
    for (const char* name : {"", "1st", "a b", "a-b", "\xc3\xa4", "a.b", "x\n"}) {
        BOOST_TEST(contains(refused({name}), "is no name for a template"));
        BOOST_TEST(
            contains(refused({"t", false, {{name}}}), "is no name for a field of template 't'"));
    }
    BOOST_TEST(refused({"taken"}) == "there is already a template 'taken'");
    BOOST_TEST(refused({"t", false, {{"other"}, {"hp"}, {"other"}}}) ==
               "template 't' has two fields 'other'");
    Schema schema;
    schema.add({"_Az09", false, {{"_Az09"}}});
    BOOST_TEST(schema.find("_Az09") == 0);
}

BOOST_AUTO_TEST_CASE(a_default_has_the_type_of_its_field) {
    const auto text = [](FieldType type, Value initial) {
        return refused({"t", false, {{"other", type, std::move(initial)}}});
    };
    BOOST_TEST(text(FieldType::integer, "x") ==
               "the default of t.other: expected a value of type integer, found string");
    BOOST_TEST(contains(text(FieldType::integer, 1.5), "the float 1.5"));
    BOOST_TEST(contains(text(FieldType::number, INT64_MAX), "which no float equals"));
    BOOST_TEST(contains(text(FieldType::number, true), "found boolean"));
    BOOST_TEST(contains(text(FieldType::boolean, 1), "found integer"));
    BOOST_TEST(contains(text(FieldType::string, 1), "found integer"));
    BOOST_TEST(contains(text(FieldType::entity, 7), "an entity field starts as nil"));
    BOOST_TEST(
        contains(refused({"t", false, {{"other", FieldType::array, 0.5, FieldType::integer, 2}}}),
                 "the default of t.other"));
    Value deep;
    for (int level = 0; level < 101; ++level) deep = List{deep};
    BOOST_TEST(contains(text(FieldType::any, deep), "the default of t.other: lists and maps nest"));
}

BOOST_AUTO_TEST_CASE(defaults_are_kept_as_their_fields_hold_them) {
    Schema schema;
    schema.add({"t",
                false,
                {{"a", FieldType::number, 3},
                 {"b", FieldType::integer, 3.0},
                 {"c", FieldType::boolean},
                 {"d", FieldType::integer},
                 {"e", FieldType::number},
                 {"f", FieldType::string},
                 {"g", FieldType::entity},
                 {"h", FieldType::any, List{1}},
                 {"i", FieldType::array, 2, FieldType::number, 4},
                 {"j", FieldType::any}}});
    const Value expected[] = {3.0, 3, false, 0, 0.0, "", {}, List{1}, 2.0, {}};
    for (FieldIndex field = 0; field < 10; ++field)
        BOOST_TEST((schema[0].fields[field].initial == expected[field]),
                   schema[0].fields[field].name);
}

BOOST_AUTO_TEST_CASE(arrays_have_a_length_and_cells_of_a_fixed_size) {
    BOOST_TEST(
        contains(refused({"t", false, {array_of(FieldType::integer, 0)}}), "an array of 0 cells"));
    BOOST_TEST(contains(refused({"t", false, {array_of(FieldType::integer, kMaxArrayLength + 1)}}),
                        "16777217 cells: expected 1 to 16777216"));
    for (const FieldType element : {FieldType::string, FieldType::any, FieldType::array})
        BOOST_TEST(
            contains(refused({"t", false, {array_of(element, 1)}}), "t.cells is an array of "));
    Schema schema;
    schema.add({"t", false, {array_of(FieldType::entity, kMaxArrayLength)}});
    BOOST_TEST(schema.size() == 1);
}

BOOST_AUTO_TEST_CASE(there_are_at_most_65535_fields_and_templates) {
    TemplateSpec spec{"wide"};
    for (int i = 0; i < 65'536; ++i) spec.fields.push_back({"f" + std::to_string(i)});
    BOOST_TEST(contains(refused(spec), "has 65536 fields: expected at most 65535"));
    spec.fields.pop_back();
    Schema schema;
    schema.add(spec);
    for (int i = 1; i < 65'535; ++i) schema.add({"t" + std::to_string(i)});
    BOOST_TEST(error_of([&] { schema.add({"one_too_many"}); }) == "more than 65535 templates");
    BOOST_TEST(schema.size() == 65'535);
}

BOOST_AUTO_TEST_CASE(grids_and_keys_are_over_fitting_fields) {
    const std::vector<FieldSpec> fields = {{"px", FieldType::number},
                                           {"py", FieldType::integer},
                                           {"name", FieldType::string},
                                           {"memory", FieldType::any},
                                           array_of(FieldType::integer, 2)};
    const auto grid = [&](std::string x, std::string y, double cell) {
        return refused({"t", false, fields, GridSpec{x, y, cell}, {}});
    };
    BOOST_TEST(grid("px", "pz", 1) ==
               "template 't' has no field 'pz' for its grid; did you mean 'px'?");
    BOOST_TEST(
        contains(grid("name", "py", 1), "which is of type string: expected integer or float"));
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double cell : {0.0, -1.0, infinity, canonical_nan()})
        BOOST_TEST(contains(grid("px", "py", cell), "units: expected a number above 0"));
    const auto keys = [&](std::vector<std::string> names) {
        return refused({"t", false, fields, {}, std::move(names)});
    };
    BOOST_TEST(contains(keys({"nam"}), "has no field 'nam' for its key; did you mean 'name'?"));
    BOOST_TEST(contains(keys({"memory"}), "is of type any"));
    BOOST_TEST(contains(keys({"cells"}), "is of type array"));
    BOOST_TEST(contains(keys({"name", "px", "name"}), "declares the key 'name' twice"));
}

BOOST_AUTO_TEST_CASE(the_nearest_name_is_suggested_within_a_third_of_the_length) {
    Schema schema;
    schema.add({"soldier", false, {{"hp"}, {"health"}, {"hq"}, {"wealth"}, {"x"}}});
    schema.add({"soldiers"});
    BOOST_TEST(schema.suggest_template("soldir") == "; did you mean 'soldier'?");
    BOOST_TEST(schema.suggest_template("Soldiers") == "; did you mean 'soldiers'?");
    BOOST_TEST(schema.suggest_template("crate") == "");
    BOOST_TEST(schema.suggest_template("") == "");
    BOOST_TEST(schema.suggest_template(std::string(1'000'000, 's')) == "");
    BOOST_TEST(schema.suggest_field(0, "y") == "", "no letter in common");
    BOOST_TEST(schema.suggest_field(0, "hpp") == "; did you mean 'hp'?");
    BOOST_TEST(schema.suggest_field(0, "hz") == "; did you mean 'hp'?", "the first of two as near");
    BOOST_TEST(schema.suggest_field(0, "ealth") == "; did you mean 'health'?");
    BOOST_TEST(schema.suggest_field(0, "wealht") == "; did you mean 'wealth'?");
    BOOST_TEST(schema.suggest_field(0, "abcdef") == "");
    // Three letters of seven are within a third rounded up, three of six are not.
    BOOST_TEST(schema.suggest_field(0, "healthxyz") == "; did you mean 'health'?");
    BOOST_TEST(schema.suggest_template("solabc") == "");
}

// Goal: nothing that a schema says is left out of its digest. Method: one change at a time.
BOOST_AUTO_TEST_CASE(the_digest_tells_of_every_part_of_a_schema) {
    const TemplateSpec base{"t",
                            false,
                            {{"a", FieldType::number},
                             {"b", FieldType::integer},
                             {"c", FieldType::array, 1, FieldType::integer, 3}},
                            GridSpec{"a", "b", 4.0},
                            {"a"}};
    const auto digest = [](const std::vector<TemplateSpec>& specs) {
        Schema schema;
        for (const TemplateSpec& spec : specs) schema.add(spec);
        return schema.digest();
    };
    std::vector<std::uint64_t> digests = {digest({}), digest({base})};
    const auto changed = [&](const auto& change) {
        TemplateSpec spec = base;
        change(spec);
        digests.push_back(digest({spec}));
    };
    changed([](TemplateSpec& spec) { spec.name = "u"; });
    changed([](TemplateSpec& spec) { spec.singleton = true; });
    changed([](TemplateSpec& spec) { spec.fields[1].name = "d", spec.grid->y = "d"; });
    changed([](TemplateSpec& spec) { spec.fields[1].type = FieldType::number; });
    changed([](TemplateSpec& spec) { spec.fields[1].initial = 1; });
    changed([](TemplateSpec& spec) { spec.fields[2].element = FieldType::number; });
    changed([](TemplateSpec& spec) { spec.fields[2].length = 4; });
    changed([](TemplateSpec& spec) { std::swap(spec.fields[0], spec.fields[1]); });
    changed([](TemplateSpec& spec) { spec.fields.push_back({"e"}); });
    changed([](TemplateSpec& spec) { spec.grid.reset(); });
    changed([](TemplateSpec& spec) { spec.grid->cell = 5; });
    changed([](TemplateSpec& spec) { std::swap(spec.grid->x, spec.grid->y); });
    changed([](TemplateSpec& spec) { spec.keys.clear(); });
    changed([](TemplateSpec& spec) { spec.keys = {"b"}; });
    digests.push_back(digest({base, {"u"}}));
    digests.push_back(digest({{"u"}, base}));
    for (std::size_t i = 0; i < digests.size(); ++i)
        for (std::size_t j = 0; j < i; ++j) BOOST_TEST(digests[i] != digests[j], i << " and " << j);
    BOOST_TEST(digest({base, {"u"}}) == digest({base, {"u"}}));
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon
