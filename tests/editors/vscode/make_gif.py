"""Joins the frames of record_demo.ts into vscode-extension/media/demo.gif, each shown as long as it was. Needs Pillow."""

import json
from pathlib import Path

from PIL import Image, ImageChops

root = Path(__file__).resolve().parents[3]
frames = root / "build/editors/recording"
shots = json.loads((frames / "frames.json").read_text())
images, durations = [], []
for shot, following in zip(shots, [*shots[1:], None]):
    image = Image.open(frames / shot["name"]).convert("RGB")
    duration = following["atMs"] - shot["atMs"] if following else 1500
    if images and ImageChops.difference(images[-1], image).getbbox() is None:
        durations[-1] += duration
        continue
    images.append(image)
    durations.append(duration)
palette = images[len(images) // 2].quantize(96)
small = [image.quantize(palette=palette, dither=Image.Dither.NONE) for image in images]
target = root / "vscode-extension/media/demo.gif"
small[0].save(target, save_all=True, append_images=small[1:], duration=durations, loop=0, optimize=True)
print(f"{target}: {len(small)} frames, {sum(durations) / 1000:.1f} s, {target.stat().st_size / 1000:.0f} kB")
