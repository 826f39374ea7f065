-- Weapons: what a soldier of each kind carries. Distances in units of the map, times in frames.
return {
    rifle = { hp = 100, pace = 1.5, sight = 70.0, range = 60.0, damage = 24, reload = 14, rounds = 8, speed = 12.0, spread = 0.05 },
    mortar = { hp = 60, pace = 1.0, sight = 160.0, range = 150.0, damage = 45, reload = 90, rounds = 4, flight = 30, spread = 8.0 },
    blade = { hp = 170, pace = 2.1, sight = 50.0, range = 4.0, damage = 30, reload = 9 },
}
