//! What `scene.rng` draws against closed forms.

use super::{GRID, PLANE, generated};

const COUNT: f64 = 40_000.0;

/// Asserts that mean and variance are those of the distribution, within five standard errors; `kurtosis` is the fourth
/// central moment over the squared variance.
fn assert_moments(name: &str, values: &[f64], mean: f64, variance: f64, kurtosis: f64) {
    let n = values.len() as f64;
    let m = values.iter().sum::<f64>() / n;
    let v = values.iter().map(|x| (x - m) * (x - m)).sum::<f64>() / (n - 1.0);
    assert!((m - mean).abs() < 5.0 * (variance / n).sqrt(), "{name}: mean {m}, not {mean}");
    let error = variance * ((kurtosis - 1.0) / n).sqrt();
    assert!((v - variance).abs() < 5.0 * error, "{name}: variance {v}, not {variance}");
}

#[test]
fn distributions_have_their_mean_and_variance() {
    let file = generated(
        GRID,
        &format!(
            "local rng, n = scene.rng, {COUNT}
             local spots = rng:point(n)
             spots.flat = rng:uniform(2, 5, n)
             spots.unit = rng:uniform(nil, nil, n)
             spots.bell = rng:normal(3, 2, n)
             spots.skew = rng:lognormal(0.5, 0.4, n)
             spots.wait = rng:exponential(2.5, n)
             spots.sharp = rng:gamma(0.7, 3, n)
             spots.round = rng:gamma(9, 0.5, n)
             spots.few = rng:poisson(4, n)
             spots.many = rng:poisson(200, n)
             spots.die = rng:integer(-2, 3, n)
             spots.picked = rng:choice({{ 1, 2, 2, 7 }}, n)
             local u = rng:unit_vector(n)
             spots.ux, spots.uy, spots.uz = u.x, u.y, u.z
             spots.general, spots.general_die = {{}}, {{}}
             for i = 1, n do
                 spots.general[i], spots.general_die[i] = math.random(), math.random(6)
             end
             return spots"
        ),
    );
    assert_eq!(file.spot_count() as f64, COUNT);
    let uniform = |low: f64, high: f64| (f64::midpoint(low, high), (high - low) * (high - low) / 12.0, 1.8);
    // Whole numbers: n of them in a row.
    let whole = |first: f64, n: f64| {
        let kurtosis = 3.0 - 1.2 * (n * n + 1.0) / (n * n - 1.0);
        (first + (n - 1.0) / 2.0, (n * n - 1.0) / 12.0, kurtosis)
    };
    let s2 = 0.4_f64 * 0.4;
    let lognormal = (
        (0.5 + s2 / 2.0).exp(),
        (s2.exp() - 1.0) * (1.0 + s2).exp(),
        (4.0 * s2).exp() + 2.0 * (3.0 * s2).exp() + 3.0 * (2.0 * s2).exp() - 3.0,
    );
    for (name, (mean, variance, kurtosis)) in [
        ("x", uniform(-0.05, 3.95)),
        ("y", uniform(-0.05, 2.95)),
        ("z", uniform(-0.05, 1.95)),
        ("flat", uniform(2.0, 5.0)),
        ("unit", uniform(0.0, 1.0)),
        ("bell", (3.0, 4.0, 3.0)),
        ("skew", lognormal),
        ("wait", (2.5, 6.25, 9.0)),
        ("sharp", (2.1, 6.3, 3.0 + 6.0 / 0.7)),
        ("round", (4.5, 2.25, 3.0 + 6.0 / 9.0)),
        ("few", (4.0, 4.0, 3.25)),
        ("many", (200.0, 200.0, 3.005)),
        ("die", whole(-2.0, 6.0)),
        ("picked", (3.0, 5.5, 68.5 / 30.25)),
        // Archimedes: each component of a uniform direction is uniform itself.
        ("ux", uniform(-1.0, 1.0)),
        ("uy", uniform(-1.0, 1.0)),
        ("uz", uniform(-1.0, 1.0)),
        ("general", uniform(0.0, 1.0)),
        ("general_die", whole(1.0, 6.0)),
    ] {
        assert_moments(name, &file.spots[name], mean, variance, kurtosis);
    }
    for i in 0..file.spot_count() {
        let of = |name: &str| file.spots[name][i];
        assert!((of("ux").powi(2) + of("uy").powi(2) + of("uz").powi(2) - 1.0).abs() < 1e-12);
        assert!(of("few").fract() == 0.0 && of("die").fract() == 0.0 && (-2.0..=3.0).contains(&of("die")));
        assert!([1.0, 2.0, 7.0].contains(&of("picked")) && (2.0..=5.0).contains(&of("flat")));
        assert!((-0.05..=3.95).contains(&of("x")) && (-0.05..=1.95).contains(&of("z")));
    }
}

#[test]
fn in_a_plane_points_and_directions_lie_in_it() {
    let file = generated(
        PLANE,
        "local spots = scene.rng:point(20000)
         local u = scene.rng:unit_vector(20000)
         spots.ux, spots.uy, spots.uz, spots.height = u.x, u.y, u.z, spots.z
         return spots",
    );
    assert!(file.flat && !file.spots.contains_key("z"));
    // The cosine of a uniform angle: variance 1/2, fourth moment 3/8.
    assert_moments("ux", &file.spots["ux"], 0.0, 0.5, 1.5);
    assert_moments("uy", &file.spots["uy"], 0.0, 0.5, 1.5);
    assert!(file.spots["uz"].iter().chain(&file.spots["height"]).all(|z| *z == 0.0));
}

/// One by one or as a list: the same numbers. Checked by the script itself.
#[test]
fn lists_hold_what_single_calls_draw() {
    generated(
        GRID,
        r#"
        local calls = {
            uniform = { 2, 5 }, integer = { 1, 9 }, normal = { 1, 2 }, lognormal = { 0, 1 }, exponential = { 2 },
            gamma = { 0.5, 2 }, poisson = { 30 }, choice = { { "a", "b", "c" } },
        }
        for name, arguments in calls do
            local one, many = scene.rng:stream(5), scene.rng:stream(5)
            local count = #arguments + 1
            local with = table.clone(arguments)
            with[count] = 100
            local list = many[name](many, unpack(with))
            assert(#list == 100, name)
            for i = 1, 100 do assert(list[i] == one[name](one, unpack(arguments)), name) end
            -- And none was drawn too many.
            assert(one:uniform() == many:uniform(), name)
        end
        for _, name in { "point", "unit_vector" } do
            local one, many = scene.rng:stream(6), scene.rng:stream(6)
            local lists = many[name](many, 100)
            for i = 1, 100 do
                local v = one[name](one)
                assert(v.x == lists.x[i] and v.y == lists.y[i] and v.z == lists.z[i], name)
            end
        end
        assert(#scene.rng:normal(0, 1, 0) == 0)
        return scene.grid.centre"#,
    );
}

#[test]
fn a_shuffle_is_a_permutation_and_all_are_equally_likely() {
    generated(
        GRID,
        r#"
        local seen = {}
        for _ = 1, 6000 do
            local order = table.concat(scene.rng:shuffle({ 1, 2, 3 }))
            seen[order] = (seen[order] or 0) + 1
        end
        local kinds = 0
        for order, count in seen do
            kinds += 1
            -- Five standard deviations of a binomial count of mean 1000.
            assert(math.abs(count - 1000) < 5 * math.sqrt(6000 * 1 / 6 * 5 / 6), order .. ": " .. count)
        end
        assert(kinds == 6)
        local list = {}
        for i = 1, 1000 do list[i] = i end
        local shuffled = scene.rng:shuffle(list)
        assert(shuffled == list)
        table.sort(list)
        for i = 1, 1000 do assert(list[i] == i) end
        return scene.grid.centre"#,
    );
}

/// A stream of a number is the same whatever else was drawn; different numbers, and the object itself, share nothing.
#[test]
fn streams_are_independent() {
    generated(
        GRID,
        r#"
        local rng = scene.rng
        local first = rng:stream(3):uniform(0, 1, 50)
        rng:uniform(0, 1, 17)
        rng:stream(4):normal()
        local seen = {}
        for i, x in rng:stream(3):uniform(0, 1, 50) do assert(x == first[i]) end
        local function fresh(list)
            for _, x in list do
                assert(not seen[x])
                seen[x] = true
            end
        end
        for i = 0, 20 do
            fresh(rng:stream(i):uniform(0, 1, 50))
            fresh(rng:stream(i):stream(i):uniform(0, 1, 50))
        end
        fresh(rng:uniform(0, 1, 500))
        for _ = 1, 500 do fresh({ math.random() }) end
        return scene.grid.centre"#,
    );
}
