//! Units, and the parameters `scale`, `where` and `columns`; the forms of the text.

use super::*;

#[test]
fn lengths_become_the_grids_unit() {
    let in_unit = |unit| {
        let table = read("x [nm],y (µm),z_mm\n1500,2,0.003\n", "", false).unwrap();
        place_on(&*table, &grid(unit, false)).unwrap().centres[0]
    };
    assert_eq!(in_unit(Unit::Micrometre), [1.5, 2.0, 3.0]);
    assert_eq!(in_unit(Unit::Nanometre), [1500.0, 2000.0, 3000.0]);
    near(&in_unit(Unit::Millimetre), &[0.0015, 0.002, 0.003]);
    let table = read("x [nm],y [nm],z [nm]\n7057.682,1,1\n", "", false).unwrap();
    assert_eq!(place_on(&*table, &grid(Unit::Micrometre, false)).unwrap().centres[0][0], 7.057682);
}

#[test]
fn pixels_of_an_unknown_size_need_a_scale() {
    let pixels = grid(Unit::Pixel, false);
    let table = read("x [nm],y [nm],z [nm],sigma [nm]\n100,200,300,50\n", "", false).unwrap();
    let refusal = place_on(&*table, &pixels).unwrap_err();
    assert!(refusal.message.contains("x [nm]") && refusal.help.unwrap().contains("scale"));
    let table = read("x [nm],y [nm],z [nm],sigma [nm]\n100,200,300,50\n", ", scale = 0.01", false).unwrap();
    let spots = place_on(&*table, &pixels).unwrap();
    near(&spots.centres[0], &[1.0, 2.0, 3.0]);
    near(&spots.sigma[0], &[0.5; 3]);
}

#[test]
fn scale_multiplies_positions_and_widths() {
    let text = "x,y,z,sigma\n1,2,3,0.5\n";
    let spots = placed(text, ", scale = 2");
    assert_eq!((spots.centres[0], spots.sigma[0]), ([2.0, 4.0, 6.0], [1.0; 3]));
    let spots = placed(text, ", scale = { x = 1, y = 10, z = -2 }");
    assert_eq!((spots.centres[0], spots.sigma[0]), ([1.0, 20.0, -6.0], [0.5, 5.0, 1.0]));
    // A camera's pixels become so many voxels.
    near(&placed("x [px],y [px],z [px]\n1,1,1\n", ", scale = 3").centres[0], &[1.3, 2.6, 4.5]);
}

#[test]
fn where_keeps_a_closed_range() {
    let text = "x,y,z,frame,q [nm]\n1,0,0,1,5\n2,0,0,2,5\n3,0,0,3,5\n4,0,0,4,\nbad,0,0,9,5\n";
    let x = |more| placed(text, more).centres.iter().map(|c| c[0]).collect::<Vec<_>>();
    assert_eq!(x(", where = { frame = [2, 3] }"), [2.0, 3.0]);
    assert_eq!(x(", where = { frame = [2, 8], \"q [nm]\" = [0, inf] }"), [2.0, 3.0], "empty lies nowhere");
    assert!(x(", where = { frame = [20, 30] }").is_empty());
    assert_eq!(extra(&placed(text, ", where = { frame = [2, 3] }"), "frame").unwrap().values, [2.0, 3.0]);
}

#[test]
fn columns_name_what_the_header_does_not() {
    let text = "a,b,c,x,w,photons\n1,2,3,9,0.5,10\n";
    let spots = placed(text, ", columns = { x = \"a\", y = \"b\", z = \"c\", sigma = \"w\" }");
    assert_eq!((spots.centres[0], spots.sigma[0], spots.photons[0]), ([1.0, 2.0, 3.0], [0.5; 3], 10.0));
    assert_eq!(extra_names(&spots), ["table_x"]);

    let text = "x,y,z,sigma_x,sigma_y,photons,err [nm],full\n1,2,3,1,1,10,250,2\n";
    let spots = placed(text, ", columns = { sigma = \"err [nm]\", amplitude = \"photons\" }");
    assert_eq!((spots.sigma[0], spots.amplitude[0], spots.photons.len()), ([0.25; 3], 10.0, 0));
    let spots = placed(text, ", columns = { sigma = \"\", photons = \"\" }");
    assert_eq!((spots.sigma.len(), spots.photons.len()), (0, 0), "an empty name: none");
    near(&placed(text, ", columns = { fwhm = \"full\" }").sigma[0], &[0.849_321_800_288_019; 3]);
}

#[test]
fn a_plane_ignores_z() {
    let spots = placed_flat("x,y,z,sigma,sigma_z\n1,2,what,0.5,0\n", "");
    assert_eq!((spots.centres[0], spots.sigma[0]), ([1.0, 2.0, 0.0], [0.5; 3]));
    assert!(spots.extras.is_empty());
}

#[test]
fn every_form_of_text() {
    let wanted = [[1.5, 2.0, 3.0], [4.0, 5.0, 6.0]];
    for text in [
        "x,y,z\n1.5,2,3\n4,5,6\n",
        "x,y,z\r\n1.5,2,3\r\n4,5,6\r\n",
        "x,y,z\r1.5,2,3\r4,5,6\r",
        "x\ty\tz\n1.5\t2\t3\n4\t5\t6",
        "x;y;z\n1.5;2;3\n4;5;6\n\n\n",
        "\u{feff}x,y,z\n1.5,2,3\n\n4,5,6\n,,\n  \n",
        "# by hand\n#\n\nx, y, z\n 1.5 , 2,3\n4,5,6\n",
        "\"x\",\"y\",\"z\"\n\"1.5\",2,3\n4,\"5\",6\n",
        "X,Y,Z\n1.5e0,+2,3.\n4,5,6\n",
        "x,y,z,\"a, b\",note\n1.5,2,3,0,\"one\ntwo, three\"\n4,5,6,0,\"\"\"\"\n",
    ] {
        assert_eq!(placed(text, "").centres, wanted, "{text:?}");
    }
    assert!(placed("x,y,z\n", "").centres.is_empty(), "no rows are no spots");
    assert_eq!(extra_names(&placed(",x,y,z,,note\n0,1,2,3,,a\n", "")), [""; 0], "nameless columns and texts");
    assert_eq!(extra_names(&placed("x,y,z,d [nm],d [px]\n1,2,3,4,5\n", "")), ["d", "d_px"]);
}

/// Enough rows for many chunks: the order is that of the file.
#[test]
fn rows_keep_their_order() {
    let mut text = String::from("x,y,z,n\n");
    (0..100_000).for_each(|i| text.push_str(&format!("{i},0,0,{i}\n")));
    let spots = placed(&text, "");
    assert!(spots.centres.iter().enumerate().all(|(i, c)| c[0] == i as f64));
    assert_eq!(extra(&spots, "n").unwrap().values.len(), 100_000);
    let quoted = placed(&text.replacen("5,0,0", "\"5\",0,0", 1), "");
    assert_eq!(quoted, spots, "with quotes there is one chunk");
}
