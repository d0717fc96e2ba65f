//! What each program's header means.

use super::*;

#[test]
fn plain() {
    let text = "x,y,z,sigma,amplitude,speed\n1,2,3,0.5,100,7\n4,5,6,0.25,-1,8\n";
    let spots = placed(text, "");
    assert_eq!(spots.centres, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]);
    assert_eq!(spots.sigma, [[0.5; 3], [0.25; 3]]);
    assert_eq!(spots.amplitude, [100.0, -1.0]);
    assert_eq!((spots.photons.len(), extra_names(&spots)), (0, vec!["speed"]));

    let spots = placed("x,y,z,sigma_x,sigma_y,photons\n1,2,3,0.25,0.75,10\n", "");
    assert_eq!(spots.sigma, [[0.25, 0.75, 0.5]], "along z the mean of the lateral widths");
    let spots = placed("x,y,z,sigma,sigma_z\n1,2,3,0.25,0.75\n", "");
    assert_eq!(spots.sigma, [[0.25, 0.25, 0.75]]);
    let spots = placed("x,y,z,sigma_x,sigma_z\n1,2,3,0.25,0.75\n", "");
    assert_eq!(spots.sigma, [[0.25, 0.25, 0.75]]);
}

#[test]
fn a_row_may_bring_no_width_or_brightness() {
    let table = read("x,y,z,sigma,photons\n1,2,3,,10\n1,2,3,0.5,nan\n", "", false).unwrap();
    assert!(!table.brings().sigma && !table.brings().brightness);
    let spots = place_on(&*table, &grid(Unit::Micrometre, false)).unwrap();
    assert!(spots.sigma[0].iter().all(|s| s.is_nan()) && spots.sigma[1] == [0.5; 3]);
    assert!(spots.photons[0] == 10.0 && spots.photons[1].is_nan());
    let whole = read("x,y,z,sigma,photons\n1,2,3,1,10\n", "", false).unwrap();
    assert!(whole.brings().sigma && whole.brings().brightness);
    let bare = read("x,y,z\n1,2,3\n", "", false).unwrap();
    assert!(!bare.brings().sigma && !bare.brings().brightness);
}

#[test]
fn thunderstorm() {
    let text = "\"id\",\"frame\",\"x [nm]\",\"y [nm]\",\"z [nm]\",\"sigma1 [nm]\",\"sigma2 [nm]\",\"intensity [photon]\",\
                \"offset [photon]\",\"uncertainty_xy [nm]\"\r\n1,3,7057.682,31836.993,-120,100,300,4933.487,0,9.476\r\n";
    let spots = placed(text, "");
    near(&spots.centres[0], &[7.057682, 31.836993, -0.12]);
    near(&spots.sigma[0], &[0.1, 0.3, 0.2]);
    assert_eq!(spots.photons, [4933.487]);
    assert_eq!(extra_names(&spots), ["table_id", "frame", "offset", "uncertainty_xy"]);
    assert_eq!(extra(&spots, "uncertainty_xy").unwrap().values, [9.476], "extras keep their unit");

    // Camera counts are no photons.
    let spots = placed("x [um],y [um],z [um],intensity [ADU]\n1,2,3,50\n", "");
    assert_eq!((spots.photons.len(), spots.amplitude.len()), (0, 0));
    assert_eq!(extra(&spots, "intensity").unwrap().unit, "ADU");
}

#[test]
fn smap() {
    let spots = placed("frame,xnm,ynm,znm,phot,bg,PSFxnm,xnmerr\n1,1500,250,-40,900,20,104,3\n", "");
    near(&spots.centres[0], &[1.5, 0.25, -0.04]);
    assert_eq!(spots.sigma, [[0.104; 3]], "PSFxnm alone is round");
    assert_eq!(spots.photons, [900.0]);
    assert_eq!(extra_names(&spots), ["frame", "bg", "xnmerr"]);
}

#[test]
fn picasso() {
    let text = "frame,x,y,photons,sx,sy,bg,lpx,lpy,z\n0,10,20,500,1,2,30,0.1,0.2,700\n";
    let spots = placed(text, "");
    // Pixels are voxels of 0.1 and 0.2 um, z is in nm.
    near(&spots.centres[0], &[2.0, 6.0, 0.7]);
    near(&spots.sigma[0], &[0.1, 0.4, 0.25]);
    assert_eq!(spots.photons, [500.0]);
    assert_eq!(extra(&spots, "lpx").unwrap().unit, "px");
    // The same names without Picasso's own are a plain table.
    assert_eq!(placed("frame,x,y,z,photons,bg\n0,10,20,1,500,3\n", "").centres, [[10.0, 20.0, 1.0]]);
}

const TRACKMATE: &str = "\
LABEL,ID,TRACK_ID,QUALITY,POSITION_X,POSITION_Y,POSITION_Z,FRAME,RADIUS,MANUAL_SPOT_COLOR,MEAN_INTENSITY_CH1
Label,Spot ID,Track ID,Quality,X,Y,Z,Frame,Radius,Spot color,Mean intensity ch1
Label,Spot ID,Track ID,Quality,X,Y,Z,Frame,R,Spot color,Mean ch1
,,,(quality),(micron),(micron),(micron),,(micron),,(counts)
ID12,12,0,3.5,11.5,21.5,1.25,0,0.5,,180
ID13,13,,3.5,12.5,22.5,1.25,1,0.5,,190
";

#[test]
fn trackmate() {
    let spots = placed(TRACKMATE, "");
    assert_eq!(spots.centres, [[11.5, 21.5, 1.25], [12.5, 22.5, 1.25]]);
    assert_eq!((spots.sigma.len(), spots.amplitude.len(), spots.photons.len()), (0, 0, 0));
    assert_eq!(
        extra_names(&spots),
        ["table_ID", "TRACK_ID", "QUALITY", "FRAME", "RADIUS", "MEAN_INTENSITY_CH1"],
        "texts and empty columns are none"
    );
    assert!(extra(&spots, "TRACK_ID").unwrap().values[1].is_nan());
    assert_eq!(extra(&spots, "MEAN_INTENSITY_CH1").unwrap().unit, "counts");

    let columns = ", columns = { sigma = \"RADIUS\", amplitude = \"MEAN_INTENSITY_CH1\" }";
    let spots = placed(TRACKMATE, columns);
    assert_eq!((spots.sigma[0], spots.amplitude[1]), ([0.5; 3], 190.0));

    let spots = placed(&TRACKMATE.replace("micron", "pixel"), "");
    near(&spots.centres[0], &[1.0 + 1.15, 2.0 + 4.3, 3.0 + 0.625]);
    // Old versions write one header line and no units.
    assert_eq!(placed("POSITION_X,POSITION_Y,POSITION_Z\n1,2,3\n", "").centres, [[1.0, 2.0, 3.0]]);
}

#[test]
fn rs_fish() {
    let spots = placed("x,y,z,t,c,intensity\n10,20,4,1,1,7224.3564\n", "");
    near(&spots.centres[0], &[2.0, 6.0, 5.0]);
    assert_eq!((spots.amplitude.len(), extra_names(&spots)), (0, vec!["t", "c", "intensity"]));
    let spots = placed_flat("x,y,t,c,intensity\n10,20,1,1,7224.3564\n", "");
    near(&spots.centres[0], &[2.0, 6.0, 0.0]);
}

#[test]
fn spotiflow_and_napari() {
    let spots = placed("z,y,x,intensity,probability\n4,20,10,0.5,0.9\n", "");
    near(&spots.centres[0], &[2.0, 6.0, 5.0]);
    assert_eq!(extra_names(&spots), ["intensity", "probability"]);
    near(&placed_flat("y,x\n20,10\n", "").centres[0], &[2.0, 6.0, 0.0]);
    near(&placed_flat("axis-0,axis-1\n20,10\n", "").centres[0], &[2.0, 6.0, 0.0]);
    near(&placed("index,axis-0,axis-1,axis-2\n0,4,20,10\n", "").centres[0], &[2.0, 6.0, 5.0]);
    // Another order, or another column, is a plain table.
    assert_eq!(placed("z,y,x,sigma\n3,2,1,1\n", "").centres, [[1.0, 2.0, 3.0]]);
    assert_eq!(placed("x,y,z\n1,2,3\n", "").centres, [[1.0, 2.0, 3.0]]);
}
