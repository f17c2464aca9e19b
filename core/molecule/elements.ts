/** Symbols by atomic number, 0 standing for the wildcard atom. */
export const elementSymbols: readonly string[] =
  `* H He Li Be B C N O F Ne Na Mg Al Si P S Cl Ar K Ca Sc Ti V Cr Mn Fe Co Ni Cu Zn Ga Ge As Se Br Kr Rb Sr Y Zr Nb Mo Tc Ru Rh Pd Ag Cd In Sn Sb Te I Xe
   Cs Ba La Ce Pr Nd Pm Sm Eu Gd Tb Dy Ho Er Tm Yb Lu Hf Ta W Re Os Ir Pt Au Hg Tl Pb Bi Po At Rn Fr Ra Ac Th Pa U Np Pu Am Cm Bk Cf Es Fm Md No Lr
   Rf Db Sg Bh Hs Mt Ds Rg Cn Nh Fl Mc Lv Ts Og`
    .trim()
    .split(/\s+/);

export const atomicNumberOf: ReadonlyMap<string, number> = new Map(elementSymbols.map((symbol, number) => [symbol, number]));

/**
 * Standard atomic weights in g/mol of the elements that a standardised ligand may hold (IUPAC 2013 as RDKit carries them),
 * and single-bond covalent radii in angstrom as used by Labute's surface (Labute 2000, J. Mol. Graph. Model. 18:464).
 */
export const ligandElements: ReadonlyMap<number, { readonly weight: number; readonly radiusAngstrom: number }> = new Map([
  [1, { weight: 1.008, radiusAngstrom: 0.33 }],
  [5, { weight: 10.812, radiusAngstrom: 0.82 }],
  [6, { weight: 12.011, radiusAngstrom: 0.77 }],
  [7, { weight: 14.007, radiusAngstrom: 0.7 }],
  [8, { weight: 15.999, radiusAngstrom: 0.66 }],
  [9, { weight: 18.998, radiusAngstrom: 0.611 }],
  [14, { weight: 28.086, radiusAngstrom: 0.937 }],
  [15, { weight: 30.974, radiusAngstrom: 0.89 }],
  [16, { weight: 32.067, radiusAngstrom: 1.04 }],
  [17, { weight: 35.453, radiusAngstrom: 0.997 }],
  [34, { weight: 78.96, radiusAngstrom: 1.17 }],
  [35, { weight: 79.904, radiusAngstrom: 1.167 }],
  [53, { weight: 126.904, radiusAngstrom: 1.387 }],
]);
