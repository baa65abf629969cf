// SPDX-License-Identifier: GPL-3.0-or-later
#include "tests/support/scene.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace mediaferry::test {
namespace {

using std::size_t;

constexpr std::uint32_t mix(std::uint32_t x) {
    x ^= x >> 16;
    x *= 0x7feb352dU;
    x ^= x >> 15;
    x *= 0x846ca68bU;
    return x ^ x >> 16;
}
constexpr std::uint32_t mix(std::uint32_t a, std::uint32_t b) { return mix(a ^ mix(b + 0x9e3779b9U)); }
float unit(std::uint32_t hash) { return static_cast<float>(hash >> 8) * (1.0F / 16777216.0F); }

/// A stream of numbers of its own for each seed and purpose.
class Dice {
public:
    explicit Dice(std::uint32_t seed) : state_(mix(seed)) {}
    float next() { return unit(state_ = mix(state_ + 0x6d2b79f5U)); }
    float between(float low, float high) { return low + (high - low) * next(); }

private:
    std::uint32_t state_;
};

/// Smooth noise on a grid of whole numbers, 0 to 1.
float value_noise(std::uint32_t seed, float x, float y) {
    const float fx = std::floor(x), fy = std::floor(y);
    const auto ix = static_cast<std::uint32_t>(static_cast<std::int32_t>(fx)), iy = static_cast<std::uint32_t>(static_cast<std::int32_t>(fy));
    const auto corner = [&](std::uint32_t dx, std::uint32_t dy) { return unit(mix(seed ^ (ix + dx) * 0x9E3779B1U ^ (iy + dy) * 0x85EBCA77U)); };
    const float tx = x - fx, ty = y - fy;
    const float sx = tx * tx * (3 - 2 * tx), sy = ty * ty * (3 - 2 * ty);
    const float top = corner(0, 0) + (corner(1, 0) - corner(0, 0)) * sx, bottom = corner(0, 1) + (corner(1, 1) - corner(0, 1)) * sx;
    return top + (bottom - top) * sy;
}

float fbm(std::uint32_t seed, float x, float y, int octaves) {
    float sum = 0, weight = 0.5F;
    for (int i = 0; i < octaves; ++i) {
        sum += weight * value_noise(seed + static_cast<std::uint32_t>(i) * 101, x, y);
        x = x * 2.03F + 17.1F;
        y = y * 2.03F + 5.7F;
        weight *= 0.5F;
    }
    return sum;
}

struct Colour {
    float r, g, b;
};
constexpr std::array<Colour, 8> kNatural{{{0.26F, 0.20F, 0.12F}, {0.13F, 0.22F, 0.07F}, {0.42F, 0.36F, 0.27F}, {0.10F, 0.14F, 0.20F},
                                          {0.55F, 0.50F, 0.42F}, {0.30F, 0.10F, 0.06F}, {0.20F, 0.32F, 0.42F}, {0.62F, 0.45F, 0.14F}}};
constexpr std::array<Colour, 4> kLeaf{{{0.10F, 0.20F, 0.04F}, {0.16F, 0.28F, 0.06F}, {0.24F, 0.34F, 0.08F}, {0.06F, 0.12F, 0.03F}}};

Colour scaled(Colour c, float by) { return {c.r * by, c.g * by, c.b * by}; }

class Canvas {
public:
    Canvas(int wide, int high)
        : width(wide), height(high), scale(std::sqrt(static_cast<float>(wide) * static_cast<float>(high) / 12.2e6F)),
          planes{std::vector<float>(pixels()), std::vector<float>(pixels()), std::vector<float>(pixels())} {}

    size_t pixels() const { return static_cast<size_t>(width) * static_cast<size_t>(height); }
    size_t at(int x, int y) const { return static_cast<size_t>(y) * static_cast<size_t>(width) + static_cast<size_t>(x); }
    void put(size_t i, Colour c) { planes[0][i] = c.r, planes[1][i] = c.g, planes[2][i] = c.b; }

    int width, height;
    float scale;  ///< of lengths, against 12.2 megapixels
    std::array<std::vector<float>, 3> planes;
};

/// Weights of a Gaussian; their sum is one.
std::vector<float> bell(float sigma) {
    const int reach = std::max(1, static_cast<int>(std::ceil(sigma * 3)));
    std::vector<float> weights;
    float sum = 0;
    for (int i = -reach; i <= reach; ++i) {
        weights.push_back(static_cast<float>(std::exp(-0.5 * i * i / (static_cast<double>(sigma) * sigma))));
        sum += weights.back();
    }
    for (auto& weight : weights) weight /= sum;
    return weights;
}

void blur(std::vector<float>& plane, int width, int height, float sigma) {
    const auto weights = bell(sigma);
    const int reach = static_cast<int>(weights.size() / 2);
    const auto w = static_cast<size_t>(width);
    std::vector<float> padded(w + 2 * static_cast<size_t>(reach)), other(plane.size());
    for (int y = 0; y < height; ++y) {
        const float* row = plane.data() + static_cast<size_t>(y) * w;
        for (size_t x = 0; x < padded.size(); ++x)
            padded[x] = row[static_cast<size_t>(std::clamp(static_cast<int>(x) - reach, 0, width - 1))];
        float* out = other.data() + static_cast<size_t>(y) * w;
        for (size_t k = 0; k < weights.size(); ++k)
            for (size_t x = 0; x < w; ++x) out[x] += weights[k] * padded[x + k];
    }
    std::fill(plane.begin(), plane.end(), 0.0F);
    for (int y = 0; y < height; ++y) {
        float* out = plane.data() + static_cast<size_t>(y) * w;
        for (size_t k = 0; k < weights.size(); ++k) {
            const float* row = other.data() + static_cast<size_t>(std::clamp(y + static_cast<int>(k) - reach, 0, height - 1)) * w;
            for (size_t x = 0; x < w; ++x) out[x] += weights[k] * row[x];
        }
    }
}

void blur(Canvas& canvas, float sigma) {
    for (auto& plane : canvas.planes) blur(plane, canvas.width, canvas.height, sigma);
}

/// Ellipses behind one another, the nearest first: each covers what no nearer one does.
void discs(Canvas& canvas, std::uint32_t seed, int count, float smallest, float largest, bool leaves) {
    std::vector<std::uint8_t> covered(canvas.pixels());
    Dice dice{seed * 7919 + 13};
    const float low = 1 / (smallest * smallest), high = 1 / (largest * largest);
    for (int i = 0; i < count; ++i) {
        const float radius = canvas.scale / std::sqrt(low + (high - low) * dice.next());  // their density falls with the cube of the radius
        const float cx = dice.next() * static_cast<float>(canvas.width), cy = dice.next() * static_cast<float>(canvas.height);
        const float flat = leaves ? dice.between(0.25F, 0.5F) : dice.between(0.6F, 1.0F), turn = dice.between(0, 3.14159F);
        const float c = static_cast<float>(std::cos(static_cast<double>(turn))), s = static_cast<float>(std::sin(static_cast<double>(turn)));
        const auto pick = mix(seed, static_cast<std::uint32_t>(i));
        const auto base = scaled(leaves ? kLeaf[pick % kLeaf.size()] : kNatural[pick % kNatural.size()], dice.between(0.5F, 1.5F));
        const float texture = dice.between(0.1F, 0.55F), fineness = dice.between(0.04F, 0.25F) / canvas.scale;
        const int x0 = std::max(0, static_cast<int>(cx - radius)), x1 = std::min(canvas.width - 1, static_cast<int>(cx + radius));
        const int y0 = std::max(0, static_cast<int>(cy - radius)), y1 = std::min(canvas.height - 1, static_cast<int>(cy + radius));
        for (int y = y0; y <= y1; ++y)
            for (int x = x0; x <= x1; ++x) {
                const auto at = canvas.at(x, y);
                if (covered[at]) continue;
                const float dx = static_cast<float>(x) - cx, dy = static_cast<float>(y) - cy;
                const float u = (c * dx + s * dy) / radius, v = (c * dy - s * dx) / (radius * flat);
                const float within = u * u + v * v;
                if (within > 1) continue;
                covered[at] = 1;
                const float grain = fbm(pick, dx * fineness, dy * fineness, 4) - 0.47F;
                canvas.put(at, scaled(base, std::max(0.03F, (1.15F - 0.35F * within - 0.2F * v) * (1 + 2 * texture * grain))));
            }
    }
    for (int y = 0; y < canvas.height; ++y)
        for (int x = 0; x < canvas.width; ++x)
            if (const auto at = canvas.at(x, y); !covered[at]) {
                const float deep = fbm(seed + 77, static_cast<float>(x) * 0.01F / canvas.scale, static_cast<float>(y) * 0.01F / canvas.scale, 5);
                canvas.put(at, scaled(leaves ? Colour{0.03F, 0.05F, 0.02F} : Colour{0.12F, 0.11F, 0.10F}, 0.4F + 1.2F * deep));
            }
}

void landscape(Canvas& canvas, std::uint32_t seed) {
    const auto w = static_cast<float>(canvas.width), h = static_cast<float>(canvas.height);
    for (int x = 0; x < canvas.width; ++x) {
        const float fx = static_cast<float>(x) / w;
        const float far_ridge = 0.38F + 0.16F * (fbm(seed + 1, fx * 5, 0.5F, 7) - 0.5F), near_ridge = 0.52F + 0.2F * (fbm(seed + 2, fx * 3, 0.5F, 7) - 0.5F);
        for (int y = 0; y < canvas.height; ++y) {
            const float fy = static_cast<float>(y) / h;
            const float px = static_cast<float>(x) / canvas.scale, py = static_cast<float>(y) / canvas.scale;
            Colour colour{};
            if (fy < far_ridge) {
                const float cloud = std::clamp((fbm(seed + 3, px * 0.0012F, py * 0.003F, 6) - 0.42F) * 4, 0.0F, 1.0F);
                const float light = 0.55F + 0.5F * fy;
                colour = {0.20F * light + 0.6F * cloud, 0.38F * light + 0.45F * cloud, 0.75F * light + 0.15F * cloud};
            } else if (fy < near_ridge) {
                colour = scaled({0.16F, 0.20F, 0.24F}, 0.6F + 0.8F * fbm(seed + 4, px * 0.02F, py * 0.03F, 5));
            } else {
                const float near = (fy - near_ridge) / (1 - near_ridge);
                const float size = 0.35F - 0.25F * near;  // blades are larger in front
                const float blades = fbm(seed + 5, px * size, py * size * 0.22F, 3), patch = fbm(seed + 6, px * 0.004F, py * 0.012F, 4);
                colour = scaled({0.17F + 0.12F * patch, 0.24F, 0.06F}, 0.3F + 1.5F * blades * blades + 0.5F * patch);
            }
            canvas.put(canvas.at(x, y), colour);
        }
    }
}

void portrait(Canvas& canvas, std::uint32_t seed) {
    discs(canvas, seed, 900, 90, 700, false);
    blur(canvas, 14 * canvas.scale);
    const auto w = static_cast<float>(canvas.width), h = static_cast<float>(canvas.height);
    const float cx = w * 0.5F, cy = h * 0.55F, rx = w * 0.17F, ry = h * 0.33F;
    for (int y = 0; y < canvas.height; ++y)
        for (int x = 0; x < canvas.width; ++x) {
            const float u = (static_cast<float>(x) - cx) / rx, v = (static_cast<float>(y) - cy) / ry;
            const float face = u * u + v * v, hair = u * u / 1.5F + (v + 0.12F) * (v + 0.12F) / 1.35F;
            const float px = static_cast<float>(x) / canvas.scale, py = static_cast<float>(y) / canvas.scale;
            if (face < 1) {
                const float pores = fbm(seed + 9, px * 0.18F, py * 0.18F, 4) - 0.47F, tone = fbm(seed + 10, px * 0.006F, py * 0.006F, 3) - 0.44F;
                canvas.put(canvas.at(x, y), scaled({0.56F, 0.36F, 0.27F}, (1.1F - 0.35F * face + 0.12F * u) * (1 + 0.18F * pores + 0.3F * tone)));
            } else if (hair < 1 && v < 0.25F) {
                const float strand = fbm(seed + 11, (px + 40 * v) * 0.5F, py * 0.03F, 4);
                canvas.put(canvas.at(x, y), scaled({0.10F, 0.065F, 0.04F}, 0.3F + 1.7F * strand));
            }
        }
}

void town(Canvas& canvas, std::uint32_t seed) {
    for (int y = 0; y < canvas.height; ++y)
        for (int x = 0; x < canvas.width; ++x) canvas.put(canvas.at(x, y), {0.35F, 0.45F, 0.60F});
    Dice dice{seed * 104729 + 5};
    for (int i = 0; i < 500; ++i) {
        const float size = canvas.scale;
        const int left = static_cast<int>(dice.between(-0.1F, 1) * static_cast<float>(canvas.width)), top = static_cast<int>(dice.between(-0.1F, 1) * static_cast<float>(canvas.height));
        const int right = std::min(canvas.width, left + static_cast<int>(dice.between(60, 700) * size)), bottom = std::min(canvas.height, top + static_cast<int>(dice.between(60, 900) * size));
        const auto pick = mix(seed + 31, static_cast<std::uint32_t>(i));
        const auto base = scaled(kNatural[pick % kNatural.size()], dice.between(0.5F, 1.5F));
        const int grid = static_cast<int>(pick / 8 % 3);
        const float cell = std::max(2.0F, (grid == 0 ? dice.between(30, 90) : grid == 1 ? dice.between(9, 24) : dice.between(10, 26)) * size);
        for (int y = std::max(0, top); y < bottom; ++y)
            for (int x = std::max(0, left); x < right; ++x) {
                const float u = static_cast<float>(x - left) / cell, v = static_cast<float>(y - top) / cell;
                const auto cu = static_cast<std::uint32_t>(u), cv = static_cast<std::uint32_t>(v);
                const float fu = u - static_cast<float>(cu), fv = v - static_cast<float>(cv);
                float light = 0.9F + 0.25F * fbm(pick, static_cast<float>(x) * 0.09F / size, static_cast<float>(y) * 0.09F / size, 3);
                if (grid == 0) {  // windows
                    if (fu > 0.25F && fu < 0.75F && fv > 0.2F && fv < 0.8F) light = 0.15F + 0.9F * unit(mix(pick + cu, cv));
                } else if (grid == 1) {  // bricks
                    const float shifted = u * 0.5F + (cv % 2 == 0 ? 0.5F : 0.0F);
                    const auto brick = static_cast<std::uint32_t>(shifted);
                    light *= (fv < 0.15F || shifted - static_cast<float>(brick) < 0.08F) ? 0.55F : 0.8F + 0.4F * unit(mix(pick + brick, cv));
                } else if (fv < 0.7F && fu < 0.85F) {  // glyphs of 4 by 6 dots
                    const auto dot = static_cast<std::uint32_t>(fu * 4.7F) * 6 + static_cast<std::uint32_t>(fv * 8.5F);
                    if (mix(pick + cu * 57, cv * 131 + dot) & 0x40) light = 0.12F;
                }
                canvas.put(canvas.at(x, y), scaled(base, light));
            }
    }
}

/// What the sensor adds: shot noise with the root of the light, and some that is always there.
void expose(Canvas& canvas, std::uint32_t seed, float shot) {
    for (size_t c = 0; c < 3; ++c) {
        auto& plane = canvas.planes[c];
        for (size_t i = 0; i < plane.size(); ++i) {
            const auto a = mix(seed * 3 + static_cast<std::uint32_t>(c), static_cast<std::uint32_t>(i)), b = mix(a);
            const float sum = static_cast<float>((a & 0xFFFF) + (a >> 16) + (b & 0xFFFF) + (b >> 16)) * (1.0F / 65535.0F) - 2;
            const float light = std::max(0.0F, plane[i]);
            plane[i] = light + sum * 1.732F * (std::sqrt(light) * 0.010F * shot + 0.0015F);
        }
    }
}

/// What a phone does before it encodes: smoother colours, sharper brightness.
void process(Canvas& canvas) {
    std::vector<float> luma(canvas.pixels());
    for (size_t i = 0; i < luma.size(); ++i) luma[i] = 0.2126F * canvas.planes[0][i] + 0.7152F * canvas.planes[1][i] + 0.0722F * canvas.planes[2][i];
    auto soft = luma;
    blur(soft, canvas.width, canvas.height, 1.0F);
    const auto third = [&](std::vector<float>& plane) { blur(plane, canvas.width, canvas.height, 0.85F); };  // about a mean of 3 x 3
    for (auto& plane : canvas.planes) {
        for (size_t i = 0; i < plane.size(); ++i) plane[i] -= luma[i];
        third(plane);
        for (size_t i = 0; i < plane.size(); ++i) plane[i] += luma[i] + 0.35F * (luma[i] - soft[i]);
    }
}

std::vector<std::uint8_t> developed(const Canvas& canvas) {
    std::vector<std::uint8_t> curve(65536);
    for (size_t i = 0; i < curve.size(); ++i) {
        const double light = static_cast<double>(i) / 65535;
        const double value = light <= 0.0031308 ? 12.92 * light : 1.055 * std::pow(light, 1 / 2.4) - 0.055;
        curve[i] = static_cast<std::uint8_t>(std::lround(255 * value));
    }
    std::vector<std::uint8_t> rgb(canvas.pixels() * 3);
    for (size_t c = 0; c < 3; ++c)
        for (size_t i = 0; i < canvas.pixels(); ++i)
            rgb[i * 3 + c] = curve[static_cast<size_t>(std::clamp(canvas.planes[c][i], 0.0F, 1.0F) * 65535.0F)];
    return rgb;
}

}  // namespace

Painting paint(std::uint32_t seed, Scene scene, int width, int height) {
    Canvas canvas{width, height};
    switch (scene) {
        case Scene::leaves:
        case Scene::night: discs(canvas, seed, 60'000, 3, 900, false); break;
        case Scene::landscape: landscape(canvas, seed); break;
        case Scene::portrait: portrait(canvas, seed); break;
        case Scene::town: town(canvas, seed); break;
        case Scene::foliage: discs(canvas, seed, 160'000, 4, 70, true); break;
    }
    const bool night = scene == Scene::night;
    if (night)
        for (auto& plane : canvas.planes)
            for (auto& light : plane) light *= 0.12F;
    blur(canvas, 0.75F);
    expose(canvas, seed, night ? 3 : 1);
    if (night) {
        blur(canvas, 0.8F);
        for (auto& plane : canvas.planes)
            for (auto& light : plane) light *= 2.5F;
    }
    process(canvas);
    return {width, height, developed(canvas)};
}

std::string to_ppm(const Painting& painting) {
    std::string file = "P6\n" + std::to_string(painting.width) + " " + std::to_string(painting.height) + "\n255\n";
    file.append(painting.rgb.begin(), painting.rgb.end());
    return file;
}

}  // namespace mediaferry::test
