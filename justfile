# Everything that must pass before a change lands.
check:
    .ci/run

# Rewrites the reference page from the declarations.
reference:
    UPDATE_REFERENCE=1 cargo test --release --test suite reference

# Renders every scene into out/ with its picture.
gallery:
    mkdir -p out
    cargo build --release
    for scene in scenes/*.toml; do target/release/blobscene run --force -o out/ "$scene"; done
    for file in out/*.h5; do target/release/blobscene preview --force -o "${file%.h5}.png" "$file"; done

# Draws the pictures of the README and the docs again.
pictures:
    cargo build --release
    for file in docs/images/*.png; do target/release/blobscene preview --force -o "$file" "scenes/$(basename "$file" .png).toml"; done
