// Goal: the effects of a frame tell all that it changed.
// Method: applied by plain writes to the world as it was before, they give the world as it is
// after, dumped line by line; also where handlers fail and are undone.
#include <boost/test/unit_test.hpp>

#include "canon/effects.hpp"
#include "canon/snapshot.hpp"
#include "determinism/melee.hpp"

namespace canon::test {
namespace {

// As the commit would, but from the effects alone.
void apply(World& world, const Effect& effect) {
    const TemplateSpec& spec = world.schema()[effect.template_index];
    switch (effect.kind) {
        case Effect::Kind::spawn: {
            const WriteResult spawned = world.spawn(effect.entity, effect.template_index, {});
            BOOST_TEST_REQUIRE((spawned == WriteResult::done));
            for (const auto& [field, value] : effect.fields)
                world.set(effect.entity, spec.fields[field].name, value);
            return;
        }
        case Effect::Kind::destroy:
            BOOST_TEST_REQUIRE((world.destroy(effect.entity) == WriteResult::done));
            return;
        case Effect::Kind::set:
            break;
    }
    const std::string& name = spec.fields[effect.field].name;
    if (spec.fields[effect.field].type != FieldType::array)
        return world.set(effect.entity, name, effect.after);
    List cells = world.get(effect.entity, name).as_list();
    BOOST_TEST_REQUIRE((cells.at(effect.cell) == effect.before));
    cells[effect.cell] = effect.after;
    world.set(effect.entity, name, Value(cells));
}

void check_effects(Simulation& simulation, const std::function<void()>& step) {
    World copy(std::make_shared<Schema>(simulation.world().schema()));
    simulation.record_effects(true);
    copy.restore(*simulation.world().capture());
    step();
    EffectReader effects(simulation.world().effects());
    Effect effect;
    while (effects.next(effect)) apply(copy, effect);
    BOOST_TEST_REQUIRE(!effects.reader().failed());
    copy.set_next_id(simulation.world().next_id());
    BOOST_TEST_REQUIRE(first_line_that_differs(copy.dump(), simulation.world().dump()) == "");
}

BOOST_AUTO_TEST_SUITE(world_effects)

BOOST_AUTO_TEST_CASE(the_effects_of_a_frame_lead_from_the_world_before_to_the_world_after) {
    const Scenario scenario = melee();
    const auto simulation = start(scenario, 2);
    for (std::uint64_t i = 0; i < scenario.frames; ++i)
        check_effects(*simulation, [&] { step(*simulation, scenario); });
}

BOOST_AUTO_TEST_CASE(what_was_undone_is_no_effect) {
    const Scenario scenario = with_probe(R"lua(
        template("thing", { value = 0, any_value = any, list = array(0, 2) })
        function on_frame(frame)
            local id = engine.spawn_entity("thing", { list = { 7, 8 } })
            engine.put(id, "list", 2, frame)
            engine.set(id, "any_value", { 1, { x = 2 } })
            engine.put(id, "any_value", 2, "x", 5)
            pcall(engine.call, "fail", id)
            if frame == 3 then engine.destroy(id) error("all of this frame's callback is undone") end
        end
        function actions.fail(id)
            engine.set(id, "value", 1)
            engine.destroy(id)
            engine.spawn_entity("thing", {})
            error("no")
        end
    )lua",
                                         5);
    const auto simulation = start(scenario, 1);
    for (std::uint64_t i = 0; i < scenario.frames; ++i)
        check_effects(*simulation, [&] { step(*simulation, scenario); });
    BOOST_TEST(ids_of(*simulation, "thing").size() == 4u);
}

BOOST_AUTO_TEST_CASE(recording_effects_changes_no_hash_and_can_be_ended) {
    const Scenario scenario = melee();
    const auto with = start(scenario, 1), without = start(scenario, 1);
    with->record_effects(true);
    for (int i = 0; i < 5; ++i) {
        BOOST_TEST(step(*with, scenario).chain == step(*without, scenario).chain);
        BOOST_TEST(!with->world().effects().empty());
        BOOST_TEST(without->world().effects().empty());
    }
    with->record_effects(false);
    step(*with, scenario);
    BOOST_TEST(with->world().effects().empty());
}

BOOST_AUTO_TEST_CASE(malformed_effects_end_the_reading) {
    const auto simulation = start(melee(), 1);
    simulation->record_effects(true);
    step(*simulation, melee());
    const std::span<const std::uint8_t> whole = simulation->world().effects();
    Effect effect;
    for (std::size_t size = 0; size < std::min<std::size_t>(whole.size(), 2000); ++size) {
        EffectReader reader(whole.first(size));
        while (reader.next(effect)) {
        }
    }
    const std::uint8_t unknown[] = {9, 1, 0};
    EffectReader reader(unknown);
    BOOST_TEST(!reader.next(effect));
    BOOST_TEST(reader.reader().failed());
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
}  // namespace canon::test
