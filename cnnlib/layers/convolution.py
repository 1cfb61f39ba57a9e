"""Conv2d: filters that slide over images."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar, Literal

from cnnlib.arrays import Shape
from cnnlib.errors import ShapeError, SpecificationError
from cnnlib.kernels import Kernel, tiled, winograd
from cnnlib.kernels.convolution import Convolution, Geometry
from cnnlib.kernels.tails import ConvolutionBias, ConvolutionPool
from cnnlib.layers.base import Layer, Parameter, Site, at_least, images_only, show

BLOCK = 1 << 17  # numbers of a convolution's output between products and pooling: 512 KiB


@dataclass(frozen=True, repr=False)
class Conv2d(Layer):
    """Each filter is a window of weights that slides over the image (LeCun et al. 1998).

        y[n, f, i, j] = b[f] + sum over c, p, q of
                            w[f, c, p, q] * x[n, c, s*i + d*p - P, s*j + d*q - P]

    Axes      x (N, C, H, W)  ->  y (N, F, H', W'),  H' = (H + 2 P - d (K - 1) - 1) // s + 1
    Weights   weight (F, C / groups, K, K), bias (F,)

    >>> Conv2d(16, kernel=5, padding="same").output_shape((1, 28, 28))
    (16, 28, 28)
    """

    kind: ClassVar[str] = "conv"
    takes_relu: ClassVar[bool] = True

    filters: int = field(metadata={"help": "number F of filters, the channels of the output"})
    kernel: int = field(default=3, metadata={"help": "side K of the window"})
    stride: int = field(default=1, metadata={"help": "step s between windows"})
    padding: int | Literal["same", "valid"] = field(
        default=0, metadata={"help": 'zeros P on each side; "same" keeps the size at stride 1'}
    )
    dilation: int = field(default=1, metadata={"help": "distance d of a window's pixels"})
    groups: int = field(
        default=1, metadata={"help": "groups of channels apart; = channels: depthwise"}
    )
    bias: bool = field(default=True, metadata={"help": "add b[f]"})
    initial: Literal["he_normal", "glorot_uniform"] = field(
        default="he_normal", metadata={"help": "first weights: He et al. 2015, Glorot 2010"}
    )

    def __post_init__(self) -> None:
        for name in ("filters", "kernel", "stride", "dilation", "groups"):
            at_least(self, name, getattr(self, name), 1)
        if self.padding == "valid":
            object.__setattr__(self, "padding", 0)
        if isinstance(self.padding, int):
            at_least(self, "padding", self.padding, 0)
        elif self.reach % 2 == 0:
            raise SpecificationError(
                "Conv2d: padding",
                expected='an odd kernel with padding="same"',
                received=f"kernel={self.kernel}",
                advice="Use an odd kernel, or give the padding as a number.",
            )
        if self.filters % self.groups:
            raise SpecificationError(
                "Conv2d: groups",
                expected=f"a divisor of filters={self.filters}",
                received=f"{self.groups}",
                advice="Give each group as many filters as the others.",
            )

    @property
    def reach(self) -> int:
        """Pixels from the first to the last of a window."""
        return self.dilation * (self.kernel - 1) + 1

    @property
    def border(self) -> int:
        """Rows and columns P of zeros on each side."""
        return self.padding if isinstance(self.padding, int) else self.reach // 2

    def output_shape(self, input_shape: Shape) -> Shape:
        """(F, H', W')."""
        images_only(self, input_shape)
        channels, *sides = input_shape
        if channels % self.groups:
            raise ShapeError(
                "Conv2d: groups",
                expected=f"a divisor of the {channels} channels of its input",
                received=f"{self.groups}",
                advice="Give each group as many channels as the others.",
            )
        outputs = [(side + 2 * self.border - self.reach) // self.stride + 1 for side in sides]
        if min(outputs) < 1:
            raise ShapeError(
                "Conv2d: kernel",
                expected=f"at most {min(sides) + 2 * self.border} pixels on an input of "
                f"{show(input_shape)}",
                received=f"{self.reach}",
                advice='Use a smaller kernel, padding="same", or one pooling less before it.',
            )
        return (self.filters, *outputs)

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        """weight, stored (F, K, K, C / groups) as the patches are, and bias."""
        depth = input_shape[0] // self.groups
        area = self.kernel**2
        weight = Parameter(
            stored=(self.filters, self.kernel, self.kernel, depth),
            public=(0, 3, 1, 2),
            initial=self.initial,
            fan_in=depth * area,
            fan_out=self.filters // self.groups * area,
        )
        if not self.bias:
            return {"weight": weight}
        return {"weight": weight, "bias": Parameter((self.filters,), (0,), "zeros")}

    def multiply_adds(self, input_shape: Shape) -> int:
        """F H' W' K K C / groups."""
        filters, height, width = self.output_shape(input_shape)
        return filters * height * width * self.kernel**2 * (input_shape[0] // self.groups)

    def needs(self, input_shape: Shape, needed: Shape) -> Shape:
        """The rows and columns that the needed outputs read."""
        channels, *sides = input_shape
        read = [
            min(side, (outputs - 1) * self.stride + self.reach - self.border)
            for side, outputs in zip(sides, needed[1:], strict=True)
        ]
        return (channels, *(max(1, side) for side in read))

    def plan(self, site: Site) -> Kernel:
        """A convolution with its tail: bias, ReLU and pooling where they stand together."""
        geometry = Geometry(
            input_shape=site.input_shape,
            output_shape=site.needed,
            kernel=self.kernel,
            stride=self.stride,
            padding=self.border,
            dilation=self.dilation,
            groups=self.groups,
            pooled=site.pool,
            split_input=site.split_input,
            split_output=site.split_output,
        )
        bias = site.array("bias") if self.bias else None
        d_bias = site.gradient("bias") if self.bias else None
        special = (
            winograd.WinogradPool
            if site.fuse and winograd.suits(geometry)
            else tiled.TiledConvolution
            if tiled.suits(geometry, site.n) and site.input_gradient >= site.train
            else None
        )
        if special:
            return special(
                geometry,
                site.array("weight"),
                site.gradient("weight"),
                bias,
                d_bias,
                site.n,
                relu=site.relu,
                input_gradient=site.input_gradient,
            )
        filters, height, width = site.needed
        row = filters * width * site.n
        block = height
        if site.pool:
            block = min(height, 2 * max(1, BLOCK // (2 * row)))
        convolution = Convolution(
            geometry,
            site.array("weight"),
            site.gradient("weight"),
            site.n,
            input_gradient=site.input_gradient,
            block=block,
        )
        if site.pool:
            return ConvolutionPool(
                convolution, block, bias, d_bias, site.n, relu=site.relu, train=site.backward
            )
        return ConvolutionBias(
            convolution, bias, d_bias, site.n, relu=site.relu, train=site.backward
        )
