// World: all simulation state: the entities of declared templates with typed fields, singletons,
// and host state.
//
// Iteration, queries, hash, save and dump are in id order, so they depend on what the world holds
// and never on how it came to hold it. Writes are for the main thread between `thaw` and `freeze`;
// while frozen, any thread may read.
//
// Cells lie in pages that are copied when they are written to while a snapshot has them too, under
// trees whose shape follows from the ids that live (detail/world_tree.hpp). So a capture costs one
// reference for each template whatever their size, and a hash costs what has changed since the
// last.
#pragma once
#include <bit>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "canon/bytes.hpp"
#include "canon/detail/world_tree.hpp"
#include "canon/error.hpp"
#include "canon/host_state_base.hpp"
#include "canon/ids.hpp"
#include "canon/schema.hpp"

namespace canon {

/// Where an entity lives now; valid until the next write.
struct Location {
    TemplateIndex template_index;
    std::uint32_t row;
    const detail::Block* leaf;
};

/// One field's or cell's content, without a copy: texts and bytes are valid until the next write.
struct Scalar {
    enum class Kind : std::uint8_t { nil, boolean, integer, number, string, bytes, array };
    Kind kind = Kind::nil;
    union {
        bool boolean;
        std::int64_t integer = 0;  ///< an entity field too: the id; nil where that entity is dead
        double number;
    };
    std::string_view text = {};  ///< string: the text. bytes: canonical bytes of a list or map.
                                 ///< array: nothing, see `cells`.

    static Scalar of(bool flag) noexcept {
        Scalar scalar;
        scalar.kind = Kind::boolean;
        scalar.boolean = flag;
        return scalar;
    }
    static Scalar of(std::int64_t integer) noexcept {
        Scalar scalar;
        scalar.kind = Kind::integer;
        scalar.integer = integer;
        return scalar;
    }
    static Scalar of(int integer) noexcept { return of(std::int64_t{integer}); }
    static Scalar of(double number) noexcept {
        Scalar scalar;
        scalar.kind = Kind::number;
        scalar.number = number;
        return scalar;
    }
    static Scalar of(std::string_view text) noexcept {
        Scalar scalar;
        scalar.kind = Kind::string;
        scalar.text = text;
        return scalar;
    }
    // Without it a literal would become a boolean.
    static Scalar of(const char* text) noexcept { return of(std::string_view(text)); }
    static Scalar of_bytes(std::string_view canonical_bytes) noexcept {
        Scalar scalar;
        scalar.kind = Kind::bytes;
        scalar.text = canonical_bytes;
        return scalar;
    }
};

/// What became of a write. Everything but `done` left the world as it was.
enum class WriteResult : std::uint8_t {
    done,
    dead,        ///< no such entity (any more): normal life, counted
    no_field,    ///< its template has no field of that name
    wrong_type,  ///< the field cannot hold that value exactly
    bad_index,   ///< outside the array, or a path that the value does not have
    singleton,   ///< a singleton is neither spawned nor destroyed
    taken,       ///< spawn: no positive id, or one that an entity has
};

/// A few words: "no such entity".
const char* describe(WriteResult result) noexcept;

class Snapshot;
struct StateAnswers;

/// Call: one thread at a time, unless frozen. Indexes of templates and fields are the schema's.
class World {
  public:
    class Run;

    /// Singletons take the ids 1, 2, ... in order of declaration; the first entity follows them.
    /// (One that a later schema adds takes the next id there is.)
    explicit World(std::shared_ptr<const Schema> schema);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    const Schema& schema() const noexcept { return *schema_; }
    /// The same, for whoever keeps it beyond a change of templates.
    std::shared_ptr<const Schema> shared_schema() const noexcept;

    // ---- reading: any thread while frozen, else the main thread ----

    bool find(EntityId id, Location& out) const noexcept;
    /// Where the last entity was that a reader found in a frozen world, since its next one often is
    /// near. Call: one thread at a time for each; it may go from world to world.
    class Hint {
        friend class World;
        Location at_{};
        std::uint64_t freeze_ = 0;
    };
    bool find(EntityId id, Location& out, Hint& hint) const noexcept;
    bool alive(EntityId id) const noexcept;
    Scalar read(Location where, FieldIndex field) const noexcept;
    /// Calls `visitor` with the content of a field, without the detour of a Scalar where that is a
    /// nullptr_t (nil), bool, int64_t or double; a text, bytes or an array come as a Scalar.
    template <class Visitor>
    void visit(Location where, FieldIndex field, Visitor&& visitor) const;
    /// 0 where the field is no array.
    std::uint32_t cells(Location where, FieldIndex field) const noexcept;
    /// `index` counts from 0 and is less than `cells`.
    Scalar read_cell(Location where, FieldIndex field, std::uint32_t index) const noexcept;

    std::size_t count(TemplateIndex index) const noexcept { return state_.tables[index].size(); }
    /// The template's entity with the smallest id above `after`; 0 where there is none.
    EntityId next(TemplateIndex index, EntityId after) const noexcept;
    /// Appends all ids of a template in id order.
    void each(TemplateIndex index, std::vector<EntityId>& out) const;
    /// Calls `visit` with a Run after the other, in id order, that together are all entities of the
    /// template: the quickest way to read many. Call: `visit` writes nothing.
    template <class Visit>
    void each_run(TemplateIndex index, Visit&& visit) const;
    /// Appends, in id order, the ids with (x - fx)^2 + (y - fy)^2 <= r^2, where fx and fy are the
    /// fields of the template's grid, else those named "x" and "y". False where the template has
    /// neither. Computed in doubles as it stands: an infinite r finds all but those whose distance
    /// is no number; a negative r or one that is no number finds nothing.
    bool near(TemplateIndex index, double x, double y, double r, std::vector<EntityId>& out) const;
    /// Appends, in id order, the ids whose field equals `value` (1 equals 1.0; an entity field may
    /// be asked for nil). No array equals anything, nor does a NaN.
    void where(TemplateIndex index, FieldIndex field, const Scalar& value,
               std::vector<EntityId>& out) const;
    /// The id of a singleton, or 0.
    EntityId singleton(std::string_view name) const noexcept;
    /// `index` is a singleton's.
    EntityId singleton(TemplateIndex index) const noexcept {
        return {detail::ids_of(state_.tables[index].root())[0]};
    }

    // ---- the same by names, with values ----
    // Each throws canon::Error for unknown names, with the nearest one, and for what a field cannot
    // hold.

    /// nil for a dead entity. An array is a list.
    Value get(EntityId id, std::string_view field) const;
    /// Does nothing to a dead entity. An array takes a list of its length.
    void set(EntityId id, std::string_view field, const Value& value);
    EntityId spawn(std::string_view template_name, const Map& fields = {});

    // ---- writing: main thread, not frozen ----
    // The texts and bytes given may be ones that this world lent.

    /// An array takes canonical bytes of a list of its length.
    WriteResult set(EntityId id, NameId field, const Scalar& value);
    /// Adds, then clamps (to `min`, then to `max`). Integers wrap around; a sum of mixed kinds is a
    /// number, which must fit the field exactly.
    WriteResult add(EntityId id, NameId field, const Scalar& delta, const Scalar* min,
                    const Scalar* max);
    /// An array's cell, or an element of a list in an `any` field; `index` counts from 1.
    WriteResult put(EntityId id, NameId field, std::int64_t index, const Scalar& value);
    /// Changes an `any` field by path: each key enters a list (1-based) or map; nil removes a map's
    /// entry or a list's last element; one past a list's end appends. An array's path is one index.
    WriteResult put(EntityId id, NameId field, std::span<const Key> path, const Value& value);
    struct Assignment {
        FieldIndex field;
        Scalar value;
    };
    /// Fields that are not assigned have their defaults; of two assignments to a field the later
    /// one stays. `next_id` moves behind `id`. The caller sees to it that `id` was never used
    /// before: of the dead nothing is kept.
    WriteResult spawn(EntityId id, TemplateIndex index, std::span<const Assignment> fields);
    WriteResult destroy(EntityId id);

    /// From now on each spawn, destroy and write of a cell is noted, see canon/effects.hpp, or no
    /// more; what was noted is dropped. Changes nothing of the state.
    void record_effects(bool on);
    bool records_effects() const noexcept { return records_effects_; }
    /// Noted since `record_effects` or `clear_effects`.
    std::span<const std::uint8_t> effects() const noexcept { return effects_.view(); }
    void clear_effects() noexcept { effects_.clear(); }

    /// Makes the change again that the next of these effects tells of, in a world that is as it was
    /// before. Nobody vouches for the bytes: what does not fit here is refused, and malformed ones
    /// make `in` fail.
    WriteResult apply_effect(ByteReader& in);

    /// The id that the next entity gets. Part of the state.
    EntityId next_id() const noexcept { return {state_.next_id}; }
    /// `id` is larger than that of any entity there is.
    void set_next_id(EntityId id) noexcept;

    /// Savepoints nest. All writes since `begin_savepoint` are either kept by `release` or undone
    /// by `undo`, bit for bit (`next_id` too). Host state is not undone.
    void begin_savepoint();
    void release_savepoint();
    void undo_savepoint();

    /// Read-only from here on; brings the derived indexes up to date. Call: no savepoint is open.
    /// Deterministic: yes.
    void freeze();
    void thaw() noexcept { freeze_ = 0; }
    bool frozen() const noexcept { return freeze_ != 0; }

    // ---- the state as a whole ----

    /// Host states, in order of registration.
    std::size_t host_states() const noexcept { return host_parts_.size(); }
    const std::string& host_state_name(std::size_t index) const { return host_parts_[index].name; }
    std::uint64_t host_state_hash(std::size_t index) const { return host_parts_[index].hash(); }
    /// Sets `out` to what the host state saves.
    void save_host_state(std::size_t index, Bytes& out) const { host_parts_[index].save_into(out); }
    /// Fails: throws canon::Error where the host state refuses or does not read all of `bytes`; its
    /// content is then up to it.
    void load_host_state(std::size_t index, std::span<const std::uint8_t> bytes);

    /// Registers a part of the state that the host keeps; `name` is unique. Call: before frame 1,
    /// in the same order wherever the simulation runs.
    void add_host_state(std::string name, std::unique_ptr<HostStateBase> state);

    /// Of all fields, ids, templates, counters and host states.
    std::uint64_t state_hash() const;
    /// Canonical: equal states save equal bytes, and hash(load(save(w))) == hash(w).
    void save(Bytes& out) const;
    /// Call: not frozen, no savepoint open.
    /// Fails: throws canon::Error that names what is wrong and where; the world is then as it was
    /// before. Host states are loaded last; where one refuses, those loaded before it are given
    /// back what they had saved (and if one refuses even that, its content is up to it).
    void load(ByteReader& in);
    /// One field a line: `soldier 4711 .hp: 35`. An array shows the cells that differ from the
    /// default, and a hash of all.
    std::string dump() const;

    /// Deterministic: yes; nothing of the world changes.
    std::shared_ptr<const Snapshot> capture() const;
    /// Call: not frozen, no savepoint open.
    /// Fails: throws canon::Error if the snapshot is of another schema or has other host states, or
    /// if a host state refuses, with the same promises as `load`.
    void restore(const Snapshot& snapshot);

    /// Goes on with other templates, as after a hot reload. Templates and fields are known by name:
    /// what is new has its defaults, what is gone is dropped, a value stays where the field can
    /// hold it exactly and is the default elsewhere; of an array, the cells that both have. Ids
    /// stay. Returns what has changed, a line each. Effects that were noted are dropped; host
    /// states stay. Call: not frozen, no savepoint open. Deterministic: yes.
    std::vector<std::string> change_schema(std::shared_ptr<const Schema> schema);
    /// Exchanges all but the host states, with the templates; effects that were noted are dropped.
    /// Call: as `change_schema`, for both.
    void exchange(World& other);

  private:
    friend struct StateAnswers;

    // All but the host's part. Trees are shared and dropped by hand.
    struct State {
        std::vector<detail::Tree> tables;  // by TemplateIndex
        detail::Tree directory;            // of all ids, with their templates as 16 bits
        std::int64_t next_id = 1;
        std::int64_t largest_id = 0;  // in use or destroyed since the last load; less than next_id
    };
    struct Store;
    struct Indexes;
    struct HostPart {
        std::string name;
        std::unique_ptr<HostStateBase> state;  // null in a snapshot, which has the two below
        Bytes saved;
        std::uint64_t saved_hash = 0;

        std::uint64_t hash() const;
        void save_into(Bytes& out) const;
        void dump_into(std::string& out) const;
    };
    struct Journal;
    struct Target;

    World(const World& captured, std::vector<HostPart> host_parts);

    const detail::ColumnLayout& column(TemplateIndex index, FieldIndex field) const noexcept {
        return layouts_[index].columns[field];
    }
    State share_state() const;
    void replace_state(State next) noexcept;
    void drop(State& state) noexcept;
    void adopt_texts();
    void insert(EntityId id, TemplateIndex index, Location& where);
    void erase(EntityId id, const Location& where);
    // The cell's content as its page has it, and a place to write it to.
    std::uint64_t cell_bits(const Location& where, FieldIndex field,
                            std::uint32_t index) const noexcept {
        return column(where.template_index, field).is_array() ? array_cell_bits(where, field, index)
                                                              : row_bits(where, field);
    }
    std::uint64_t array_cell_bits(const Location& where, FieldIndex field,
                                  std::uint32_t index) const noexcept;
    void put_bits(EntityId id, const Location& where, FieldIndex field, std::uint32_t cell,
                  std::uint64_t bits);
    // Of a string field, or the canonical bytes of an `any` field.
    std::string_view text_of(const Location& where, FieldIndex field) const noexcept {
        return detail::cells_of<const detail::Text*>(where.leaf, field)[where.row]->view();
    }
    // What the leaf's page has: of an array its block, whose reference is handed over.
    std::uint64_t row_bits(const Location& where, FieldIndex field) const noexcept {
        return column(where.template_index, field).cell_bytes == 1
                   ? detail::cells_of<std::uint8_t>(where.leaf, field)[where.row]
                   : detail::cells_of<std::uint64_t>(where.leaf, field)[where.row];
    }
    void put_row_bits(const Location& where, FieldIndex field, std::uint64_t bits) noexcept;
    Scalar scalar(FieldType cell_type, std::uint64_t bits) const noexcept;

    Scalar entity_scalar(std::int64_t id) const noexcept {
        return alive({id}) ? Scalar::of(id) : Scalar{};
    }
    bool is_savepoint_open() const noexcept;
    void assert_writable() const noexcept;
    // Where the names do not fit, the result says so and `out` is not set.
    WriteResult locate(EntityId id, NameId field, Target& out);
    WriteResult store(const Target& target, std::uint32_t index, const Scalar& value);
    void initialize(const Location& where, FieldIndex field, const Scalar& value);
    bool take_field(const World& from, const Location& at, FieldIndex source, const Location& where,
                    FieldIndex field);
    void take_entities(const World& from, TemplateIndex source, TemplateIndex index,
                       std::vector<std::string>& lines);
    WriteResult store_field(const Target& target, const Scalar& value);
    WriteResult store_list(Target target, const Scalar& list);
    bool bits_for(const detail::ColumnLayout& column, const Scalar& value, std::uint64_t& out);
    template <class Matches>
    void scan(TemplateIndex index, std::vector<EntityId>& out, Matches matches) const;
    [[noreturn]] void refuse(TemplateIndex index, FieldIndex field, const Value& value) const;
    FieldIndex field_by_name(TemplateIndex index, std::string_view name) const;
    // Throws where the field cannot hold `value`.
    Scalar scalar_for(TemplateIndex index, FieldIndex field, const Value& value,
                      Bytes& buffer) const;
    std::string cell_text(FieldType cell_type, std::uint64_t bits) const;
    void dump_array(std::string& out, const std::string& path, const Location& where,
                    FieldIndex field) const;
    void load_state(ByteReader& in, State& next);
    void load_table(ByteReader& in, TemplateIndex index, State& next);
    void load_host_parts(ByteReader& in);
    // Loads each host state from its bytes; gives back to all what they had where one refuses.
    void load_host_parts(std::span<const std::span<const std::uint8_t>> saved);

    std::shared_ptr<Store> store_;
    const Schema* schema_;                // of the store
    const detail::TableLayout* layouts_;  // of the store
    detail::BlockCache blocks_;
    State state_;
    std::unique_ptr<Indexes> indexes_;  // none in a snapshot
    std::vector<HostPart> host_parts_;
    std::unique_ptr<Journal> journal_;  // none in a snapshot
    Bytes scratch_;
    Bytes effects_;
    bool records_effects_ = false;
    std::uint64_t freeze_ = 0;  // another number for each freeze of any world; 0 while thawed
};

namespace detail {
/// What the canonical bytes of an `any` field say, without a copy.
Scalar any_scalar(std::string_view bytes) noexcept;
}  // namespace detail

/// Consecutive entities of a template, as they lie in memory; valid until the next write.
class World::Run {
  public:
    std::size_t size() const noexcept { return leaf_->rows; }
    std::span<const EntityId> ids() const noexcept {
        static_assert(sizeof(EntityId) == sizeof(std::int64_t));
        return {leaf_->blocks()[0]->cells<EntityId>(), size()};
    }
    /// Of a field of that type.
    std::span<const double> numbers(FieldIndex field) const noexcept {
        return cells<double>(field, FieldType::number);
    }
    std::span<const std::int64_t> integers(FieldIndex field) const noexcept {
        return cells<std::int64_t>(field, FieldType::integer);
    }
    /// Each 0 or 1.
    std::span<const std::uint8_t> booleans(FieldIndex field) const noexcept {
        return cells<std::uint8_t>(field, FieldType::boolean);
    }
    /// To read any field by.
    Location operator[](std::size_t at) const noexcept {
        return {index_, static_cast<std::uint32_t>(at), leaf_};
    }

  private:
    friend class World;
    Run(const World& world, TemplateIndex index, const detail::Block* leaf) noexcept
        : world_(world), index_(index), leaf_(leaf) {}

    template <class T>
    std::span<const T> cells(FieldIndex field, FieldType type) const noexcept {
        CANON_ASSERT(world_.column(index_, field).type == type,
                     "World::Run was asked for a field as what it is not");
        return {detail::cells_of<T>(leaf_, field), size()};
    }

    const World& world_;
    TemplateIndex index_;
    const detail::Block* leaf_;
};

template <class Visit>
void World::each_run(TemplateIndex index, Visit&& visit) const {
    state_.tables[index].each_leaf(
        [&](const detail::Block* leaf) { visit(Run(*this, index, leaf)); });
}

inline bool World::find(EntityId id, Location& out) const noexcept {
    const detail::Block* entry = state_.directory.leaf_of(id.value);
    if (entry == nullptr) return false;
    const std::uint32_t row = detail::row_of(entry, id.value);
    if (row == kNone) return false;
    out.template_index = detail::cells_of<std::uint16_t>(entry, 0)[row];
    out.leaf = state_.tables[out.template_index].leaf_of(id.value);
    out.row = detail::row_of(out.leaf, id.value);
    return true;
}

inline bool World::find(EntityId id, Location& out, Hint& hint) const noexcept {
    if (hint.freeze_ == freeze_ && frozen()) {
        out = hint.at_;
        out.row = detail::row_of(out.leaf, id.value);
        if (out.row != kNone) return true;
    }
    if (!find(id, out)) return false;
    hint.at_ = out;
    hint.freeze_ = freeze_;
    return true;
}

inline bool World::alive(EntityId id) const noexcept {
    const detail::Block* entry = state_.directory.leaf_of(id.value);
    return entry != nullptr && detail::row_of(entry, id.value) != kNone;
}

template <class Visitor>
void World::visit(Location where, FieldIndex field, Visitor&& visitor) const {
    switch (column(where.template_index, field).type) {
        case FieldType::number:
            return visitor(detail::cells_of<double>(where.leaf, field)[where.row]);
        case FieldType::integer:
            return visitor(detail::cells_of<std::int64_t>(where.leaf, field)[where.row]);
        case FieldType::boolean:
            return visitor(detail::cells_of<std::uint8_t>(where.leaf, field)[where.row] != 0);
        case FieldType::entity: {
            const auto id = detail::cells_of<std::int64_t>(where.leaf, field)[where.row];
            return alive({id}) ? visitor(id) : visitor(nullptr);
        }
        default:
            return visitor(read(where, field));
    }
}

inline Scalar World::scalar(FieldType cell_type, std::uint64_t bits) const noexcept {
    const auto text = [bits] {
        return reinterpret_cast<const detail::Text*>(static_cast<std::uintptr_t>(bits))->view();
    };
    switch (cell_type) {
        case FieldType::boolean:
            return Scalar::of(bits != 0);
        case FieldType::integer:
            return Scalar::of(static_cast<std::int64_t>(bits));
        case FieldType::number:
            return Scalar::of(std::bit_cast<double>(bits));
        case FieldType::entity:
            return entity_scalar(static_cast<std::int64_t>(bits));
        case FieldType::string:
            return Scalar::of(text());
        case FieldType::any:
            return detail::any_scalar(text());
        case FieldType::array:
            break;
    }
    return {};
}

inline Scalar World::read_cell(Location where, FieldIndex field,
                               std::uint32_t index) const noexcept {
    return scalar(column(where.template_index, field).cell_type, cell_bits(where, field, index));
}

inline Scalar World::read(Location where, FieldIndex field) const noexcept {
    const detail::ColumnLayout& layout = column(where.template_index, field);
    if (!layout.is_array()) return scalar(layout.cell_type, row_bits(where, field));
    Scalar array;
    array.kind = Scalar::Kind::array;
    return array;
}

inline std::uint32_t World::cells(Location where, FieldIndex field) const noexcept {
    const detail::ColumnLayout& layout = column(where.template_index, field);
    return layout.type == FieldType::array ? layout.width : 0;
}

}  // namespace canon
