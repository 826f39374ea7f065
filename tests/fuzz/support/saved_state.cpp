#include "fuzz/support/saved_state.hpp"

#include <algorithm>
#include <cereal/types/string.hpp>
#include <memory>
#include <vector>

#include "canon/error.hpp"
#include "canon/host_state.hpp"
#include "fuzz/support/choices.hpp"
#include "fuzz/support/tight_limits.hpp"

namespace canon::fuzz {
namespace {

// A field of each type, and submissions of each kind under way.
constexpr const char* kProgram = R"lua(
template("unit", { x = 0.0, y = 0.0, hp = 100, name = "", target = entity, memory = any, seen = array(0, 3),
                   alert = false }, { grid = { "x", "y", cell = 16 }, keys = { "hp" } })
template("shot", { life = 3 })
singleton("match", { wave = 0, last = entity, log = any, field = array(0.5, 2) })

function on_start()
    for i = 1, 3 do
        engine.spawn_entity("unit", { x = i * 1.5, name = "unit " .. i, memory = { i, { k = "v" } } })
    end
    engine.set(2, "target", 3)
    engine.submit("late", { size = 2, list = { 1, "two" } }, { delay = 6 })
    engine.submit("late", "text", { delay = 7, key = "k", priority = -3 })
end

function on_frame(frame)
    engine.submit_each("think", "unit")
    engine.submit_each("patrol", "unit", { every = 2, batch = 2, delay = 2 })
    engine.submit("plan", { frame = frame }, { deliver = 3 })
    if frame == 2 then engine.submit("spin") end
    if frame % 2 == 0 then engine.cancel(engine.submit("late", frame, { delay = 3 })) end
end

function on_input(source, data) engine.put("match", "log", "source", source) end
function on_commit(frame) engine.put("match", "field", frame % 2 + 1, frame / 3) end

function jobs.think(id)
    local x, hp, target = engine.get(id, "x", "hp", "target")
    engine.set(id, "target", engine.near("unit", x, 0.0, 9.0)[1])
    engine.add(id, "hp", -math.random(1, 9))
    engine.put(id, "seen", 2, hp)
    engine.put(id, "memory", 1, engine.call("answer", hp))
    if hp < 70 then engine.spawn_entity("shot") end
end
function jobs.patrol(ids) for _, id in ipairs(ids) do engine.add(id, "x", 1) end end
function jobs.late(argument) engine.put("match", "log", "late", argument) engine.add("match", "wave", 1) end
function jobs.plan(order) engine.spawn_entity("unit", { hp = order.frame, name = "planned" }) end
function jobs.spin() while true do end end
function actions.answer(hp) engine.spawn_entity("shot", { life = hp }) return hp + 1 end
)lua";

struct Weather {
    double wind = 1.5;
    std::map<std::string, int> clouds{{"west", 2}};

    template <class Archive>
    void serialize(Archive& archive) {
        archive(CEREAL_NVP(wind), CEREAL_NVP(clouds));
    }
};

class Session {
  public:
    explicit Session(unsigned workers) {
        SimulationOptions options;
        options.workers = workers;
        options.limits = tight_limits();
        Simulation::Host host;
        host.states.emplace_back("weather", [this] { return make_host_state(weather_); });
        simulation_ = std::make_unique<Simulation>(Program::from_modules({{"main", kProgram}}),
                                                   options, std::move(host));
    }

    Simulation& operator*() noexcept { return *simulation_; }
    Simulation* operator->() noexcept { return simulation_.get(); }

    Bytes saved() const {
        Bytes bytes;
        simulation_->save(bytes);
        return bytes;
    }
    /// False where the bytes are refused; `used` is how many were read.
    bool load(Input bytes, std::size_t& used) {
        ByteReader in(bytes);
        try {
            simulation_->load(in);
        } catch (const Error&) {
            return false;
        }
        used = in.offset();
        return true;
    }

  private:
    Weather weather_;
    std::unique_ptr<Simulation> simulation_;
};

std::vector<std::uint8_t> edited(Input bytes, Input edits) {
    std::vector<std::uint8_t> result(bytes.begin(), bytes.end());
    Choices choices(edits);
    while (!choices.empty()) {
        std::size_t place = choices.byte();
        place += std::size_t{choices.byte()} << 8;
        place %= result.size() + 1;
        const std::size_t going = std::min<std::size_t>(choices.byte(), result.size() - place);
        const std::string coming = choices.text();
        const auto at = result.begin() + static_cast<std::ptrdiff_t>(place);
        result.insert(result.erase(at, at + static_cast<std::ptrdiff_t>(going)), coming.begin(),
                      coming.end());
    }
    return result;
}

void check_goes_on(Session& one, Session& two) {
    const canon::Input inputs[] = {{.source = 7, .sequence = 1, .data = true}};
    for (int frame = 0; frame < 4; ++frame) {
        const FrameReport& report = one->step(inputs);
        expect(report.chain == two->step(inputs).chain,
               "a state that was loaded goes on alike with one worker and two");
    }
    expect(one->dump() == two->dump(), "and has the same text");
}

}  // namespace

void check_saved_state(Input edits) {
    static Session one(1), two(2);
    static const Bytes original = [] {
        for (int frame = 0; frame < 4; ++frame) one->step();
        return one.saved();
    }();
    std::size_t used = 0;
    expect(one.load(original.view(), used) && two.load(original.view(), used),
           "a state that was saved loads");
    const std::vector<std::uint8_t> bytes = edited(original.view(), edits);
    const std::uint64_t hash = one->state_hash();
    if (!one.load(bytes, used)) {
        expect(std::ranges::equal(one.saved().view(), original.view()) && one->state_hash() == hash,
               "a state that was refused leaves the simulation as it was");
        return check_goes_on(one, two);
    }
    const Bytes again = one.saved();
    expect(std::ranges::equal(again.view(), Input(bytes).first(used)),
           "a state that was loaded saves the same bytes");
    expect(two.load(again.view(), used), "a state that loaded once loads elsewhere");
    expect(one->state_hash() == two->state_hash(), "and has the same hash there");
    expect(one->dump() == two->dump(), "and the same text");
    check_goes_on(one, two);
}

}  // namespace canon::fuzz
